//! The interface of both conveniences, which differ in one word.

/// Makes the types that an application sees: `$wait` has the outcome of a future, and `$async` is
/// the word before a function that waits.
macro_rules! conveniences {
    ($driver:ty, $wait:ident, [$($async:tt)?], $source:ty, $sink:ty) => {
        /// A connection to a server.
        ///
        /// Messages are named by their UIDs, which stay what they are; for what has no method there
        /// is [`command`](Self::command). What the server says unasked is heard by the
        /// [listener](Self::listen_with), and is among the responses of whichever command was under
        /// way.
        #[derive(Debug)]
        pub struct Client {
            talk: Talk<$driver>,
        }

        impl Client {
            /// Lets somebody hear each response as it comes, asked for or not.
            pub fn listen_with(&mut self, listener: Listener) {
                self.talk.listener = Some(listener);
            }

            /// Returns the session, for asking what the server can do, and where we stand.
            pub fn session(&mut self) -> &Session {
                self.talk.driver.session()
            }

            /// Logs in by the best way that the server offers.
            ///
            /// # Errors
            /// The server refused, or offers no way that may be used; or the connection failed.
            pub $($async)? fn login(
                &mut self,
                identity: impl Into<Identity>,
            ) -> Result<RespText, Error> {
                $wait!(self.talk.login(identity.into()))
            }

            /// Gives a command and waits for its end.
            ///
            /// # Errors
            /// The server refused, or the connection failed; or the session gives such a command
            /// itself.
            pub $($async)? fn command(&mut self, command: Command) -> Result<Answer, Error> {
                $wait!(self.talk.command(command))
            }

            /// Opens a mailbox.
            ///
            /// # Errors
            /// As [`command`](Self::command); then no mailbox is open.
            pub $($async)? fn select(&mut self, mailbox: Mailbox) -> Result<Selected, Error> {
                let select = Select { mailbox, parameters: SelectParameters::default() };
                $wait!(requests::select(&mut self.talk, select, false))
            }

            /// Opens a mailbox that is not to change.
            ///
            /// # Errors
            /// As [`select`](Self::select).
            pub $($async)? fn examine(&mut self, mailbox: Mailbox) -> Result<Selected, Error> {
                let select = Select { mailbox, parameters: SelectParameters::default() };
                $wait!(requests::select(&mut self.talk, select, true))
            }

            /// Opens a mailbox and says more about it: what is known of it, for QRESYNC.
            ///
            /// # Errors
            /// As [`select`](Self::select).
            pub $($async)? fn select_with(&mut self, select: Select) -> Result<Selected, Error> {
                $wait!(requests::select(&mut self.talk, select, false))
            }

            /// Closes the mailbox, and removes what is `\Deleted`.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn close(&mut self) -> Result<(), Error> {
                $wait!(self.talk.command(Command::Close)).map(drop)
            }

            /// Asks which mailboxes there are, beginning at a name, which may be empty.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn list(
                &mut self,
                reference: Mailbox,
                pattern: ListMailbox,
            ) -> Result<Vec<List>, Error> {
                $wait!(requests::list(&mut self.talk, reference, pattern))
            }

            /// Asks for numbers of a mailbox; `None` if the server succeeds without telling.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn status(
                &mut self,
                mailbox: Mailbox,
                items: NotEmpty<StatusItem>,
            ) -> Result<Option<MailboxStatus>, Error> {
                $wait!(requests::status(&mut self.talk, Status { mailbox, items }))
            }

            /// Makes a mailbox.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn create(&mut self, mailbox: Mailbox) -> Result<(), Error> {
                let create = Command::Create(Create { mailbox, uses: None });
                $wait!(self.talk.command(create)).map(drop)
            }

            /// Deletes a mailbox.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn delete(&mut self, mailbox: Mailbox) -> Result<(), Error> {
                $wait!(self.talk.command(Command::Delete(mailbox))).map(drop)
            }

            /// Gives a mailbox another name.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn rename(&mut self, from: Mailbox, to: Mailbox) -> Result<(), Error> {
                $wait!(self.talk.command(Command::Rename { from, to })).map(drop)
            }

            /// Puts a mailbox on the list of subscriptions.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn subscribe(&mut self, mailbox: Mailbox) -> Result<(), Error> {
                $wait!(self.talk.command(Command::Subscribe(mailbox))).map(drop)
            }

            /// Takes it off.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn unsubscribe(&mut self, mailbox: Mailbox) -> Result<(), Error> {
                $wait!(self.talk.command(Command::Unsubscribe(mailbox))).map(drop)
            }

            /// Asks which messages have something: their UIDs, `None` of none.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn search(&mut self, criteria: Criteria) -> Result<Option<UidSet>, Error> {
                $wait!(requests::search(&mut self.talk, criteria))
            }

            /// Asks for data of messages, named by their UIDs.
            ///
            /// # Errors
            /// As [`command`](Self::command), of the first call of [`next`](Fetching::next) that
            /// finds out.
            pub fn fetch(
                &mut self,
                messages: impl Into<MessageSet>,
                items: impl Into<FetchItems>,
            ) -> Result<Fetching<'_>, Error> {
                let (messages, items) = (messages.into(), items.into());
                let modifiers = FetchModifiers::default();
                self.fetch_with(Fetch { numbering: Numbering::Uid, messages, items, modifiers })
            }

            /// Asks for data of messages, as a command says.
            ///
            /// # Errors
            /// As [`fetch`](Self::fetch).
            pub fn fetch_with(&mut self, fetch: Fetch) -> Result<Fetching<'_>, Error> {
                let flow = Flow::begin(&mut self.talk, Command::Fetch(fetch))?;
                Ok(Fetching { talk: &mut self.talk, flow })
            }

            /// Changes flags of messages, and does not ask what they are then.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn store(
                &mut self,
                messages: impl Into<MessageSet>,
                change: Change,
                flags: Flags,
            ) -> Result<(), Error> {
                let data = StoreData::Flags { change, silent: true, flags };
                let (numbering, messages) = (Numbering::Uid, messages.into());
                let store = Store { numbering, messages, unchanged_since: None, data };
                $wait!(self.talk.command(Command::Store(store))).map(drop)
            }

            /// Copies messages; says where they are, if the server does.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn copy(
                &mut self,
                messages: impl Into<MessageSet>,
                mailbox: Mailbox,
            ) -> Result<Option<Appended>, Error> {
                let (numbering, messages) = (Numbering::Uid, messages.into());
                let copy = Command::Copy { numbering, messages, mailbox };
                $wait!(requests::moved(&mut self.talk, copy))
            }

            /// Moves messages (RFC 6851); says where they are, if the server does.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn mv(
                &mut self,
                messages: impl Into<MessageSet>,
                mailbox: Mailbox,
            ) -> Result<Option<Appended>, Error> {
                let (numbering, messages) = (Numbering::Uid, messages.into());
                let moved = Command::Move { numbering, messages, mailbox };
                $wait!(requests::moved(&mut self.talk, moved))
            }

            /// Removes what is `\Deleted`; of these, if some are named, as UIDPLUS can (RFC 4315).
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn expunge(&mut self, of: Option<MessageSet>) -> Result<Answer, Error> {
                $wait!(self.talk.command(of.map_or(Command::Expunge, Command::UidExpunge)))
            }

            /// Brings a message of so many octets to a mailbox, and reads it as the server takes it;
            /// says where it is, if the server does.
            ///
            /// # Errors
            /// As [`command`](Self::command). If the message cannot be read to its end, the
            /// connection is of no use any more: the server waits for the rest.
            pub $($async)? fn append(
                &mut self,
                mailbox: Mailbox,
                start: MessageStart,
                size: u64,
                message: $source,
            ) -> Result<Option<Appended>, Error> {
                let mut from = Reads(message);
                $wait!(requests::append(&mut self.talk, mailbox, start, size, &mut from))
            }

            /// Waits for news of the mailbox (RFC 2177). The command is given anew before the
            /// server would end it.
            ///
            /// # Errors
            /// As [`command`](Self::command), of the call of [`next`](Idling::next) that finds out.
            pub fn idle(&mut self) -> Result<Idling<'_>, Error> {
                let tag = self.talk.give(Command::Idle)?;
                Ok(Idling { talk: &mut self.talk, tag })
            }

            /// Switches extensions on; says which are.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn enable(
                &mut self,
                capabilities: Vec<Capability>,
            ) -> Result<Vec<Capability>, Error> {
                $wait!(requests::enable(&mut self.talk, capabilities))
            }

            /// Has all that follows compressed (RFC 4978).
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn compress(&mut self) -> Result<(), Error> {
                $wait!(self.talk.command(Command::Compress)).map(drop)
            }

            /// Says what the client is, and asks what the server is (RFC 2971).
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn id(&mut self, fields: Option<IdFields>) -> Result<Option<Id>, Error> {
                $wait!(self.talk.command(Command::Id(fields))).map(requests::id_fields)
            }

            /// Asks for nothing, or for news.
            ///
            /// # Errors
            /// As [`command`](Self::command).
            pub $($async)? fn noop(&mut self) -> Result<Answer, Error> {
                $wait!(self.talk.command(Command::Noop))
            }

            /// Leaves, and waits until the server has closed the connection.
            ///
            /// # Errors
            /// The connection failed. What was done before is not in doubt.
            pub $($async)? fn logout(mut self) -> Result<(), Error> {
                $wait!(self.talk.logout())
            }
        }

        /// Messages as they arrive, of [`Client::fetch`]. Dropped before the end, the rest is passed
        /// over by the next command.
        #[derive(Debug)]
        pub struct Fetching<'a> {
            talk: &'a mut Talk<$driver>,
            flow: Flow,
        }

        #[allow(clippy::should_implement_trait, reason = "the word of both; no iterator fails")]
        impl Fetching<'_> {
            /// Waits for the next message; `None` at the end. Among them may be one that was not
            /// asked for, whose flags somebody changed. What was not taken of the last one is passed
            /// over.
            ///
            /// # Errors
            /// The server refused, or the connection failed.
            pub $($async)? fn next(&mut self) -> Result<Option<Message<'_>>, Error> {
                let fetch = $wait!(self.flow.next(self.talk))?;
                Ok(fetch.map(|fetch| Message { talk: self.talk, flow: &mut self.flow, fetch }))
            }
        }

        /// A message that arrives.
        #[derive(Debug)]
        pub struct Message<'a> {
            talk: &'a mut Talk<$driver>,
            flow: &'a mut Flow,
            fetch: Fetched,
        }

        impl Message<'_> {
            /// Returns its sequence number, or its UID once UIDONLY is enabled.
            #[must_use]
            pub const fn number(&self) -> NonZeroU32 {
                self.fetch.number
            }

            /// Returns its items. If the last is [`Content::Streamed`](crate::Content::Streamed),
            /// more may come when its octets are taken.
            #[must_use]
            pub fn items(&self) -> &[FetchItem] {
                &self.fetch.items
            }

            /// Returns its UID, if that has come.
            #[must_use]
            pub fn uid(&self) -> Option<NonZeroU32> {
                self.fetch.uid()
            }

            /// Returns its flags, if they have come.
            #[must_use]
            pub fn flags(&self) -> Option<&Flags> {
                self.fetch.flags()
            }

            /// Waits for the next octets of items that stream; `None` at the end of the message.
            /// Items of up to [`ReaderLimits::body`](crate::ReaderLimits) octets do not stream.
            ///
            /// # Errors
            /// The connection failed.
            pub $($async)? fn octets(&mut self) -> Result<Option<Bytes>, Error> {
                $wait!(self.flow.piece(self.talk, &mut self.fetch.items))
            }

            /// Writes the octets of the message, be they large or small, as they come; returns how
            /// many there were. For a FETCH of one section.
            ///
            /// # Errors
            /// The connection failed, or `into` did.
            pub $($async)? fn copy_to(&mut self, into: $sink) -> Result<u64, Error> {
                $wait!(self.flow.copy(self.talk, &mut self.fetch.items, Writes(into)))
            }
        }

        /// News of a mailbox, of [`Client::idle`]. Dropped, it ends with the next command.
        #[derive(Debug)]
        pub struct Idling<'a> {
            talk: &'a mut Talk<$driver>,
            tag: Tag,
        }

        #[allow(clippy::should_implement_trait, reason = "the word of both; no iterator fails")]
        impl Idling<'_> {
            /// Waits for what the server says next.
            ///
            /// # Errors
            /// The server will not, or the connection failed.
            pub $($async)? fn next(&mut self) -> Result<Response, Error> {
                loop {
                    match $wait!(self.talk.event())? {
                        Event::Response(response) => return Ok(response),
                        Event::Done { tag, condition, text } if tag == self.tag => {
                            return Err(Error::Refused(condition, text));
                        }
                        _ => {}
                    }
                }
            }

            /// Ends it; returns what the server said in the meantime.
            ///
            /// # Errors
            /// The connection failed.
            pub $($async)? fn done(self) -> Result<Answer, Error> {
                let Self { talk, tag } = self;
                talk.end_idle();
                $wait!(talk.answer(tag))
            }
        }
    };
}

pub(crate) use conveniences;
