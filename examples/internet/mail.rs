//! SMTP between sites, and from users to their sites.
use bytes::{Bytes, BytesMut};
use homing::delivery::{Cause, Hop, Limits, LinkId, Peer, Recipient, Security, Submission};
use homing::proto_core::{Machine, Step, Text};
use homing::smtp::{
    Extension, ForwardPath, Mailbox, Notify, Parameters, Reply, ReversePath,
    client::{self, Delivery, Envelope},
    server,
};

use crate::clock::{MINUTE, instant, unix};
use crate::disk::Died;
use crate::faults::Mood;
use crate::ledger::{Address, number};
use crate::names;
use crate::net::{ConnId, End, Event};
use crate::world::{
    Dirty, World,
    veil::{Shake, Trouble},
};

/// The client's end.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) session: client::Session,
    pub(crate) purpose: Purpose,
    /// Where to and how, if it is a queue's.
    pub(crate) hop: Option<Hop>,
    pub(crate) shake: Shake,
    pub(crate) octets: Bytes,
    offset: usize,
    ready: bool,
    /// What became of the message is not known yet.
    sending: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// A connection of a site's queue.
    Link(u32, LinkId),
    /// A user hands in a letter.
    Submit(u32),
}

/// The server's end.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) session: server::Session,
    pub(crate) site: u32,
    pub(crate) shake: Shake,
    /// It speaks with a user of its own.
    pub(crate) submission: bool,
    client: String,
    from: ReversePath,
    parameters: Parameters,
    recipients: Vec<Recipient>,
    body: BytesMut,
}

impl Client {
    pub(crate) fn new(world: &World, purpose: Purpose, hop: Option<Hop>) -> Self {
        let site = match purpose {
            Purpose::Link(site, _) => names::site(site),
            Purpose::Submit(_) => "laptop.example".into(),
        };
        let mut config = client::Config::new(site.parse().expect("a host"));
        config.tls = match &hop {
            Some(hop) if hop.security.is_required() => client::Tls::Required,
            Some(hop) if hop.security == Security::Plain => client::Tls::Off,
            _ => client::Tls::Opportunistic,
        };
        let session = client::Session::new(instant(world.now), config);
        let (octets, offset, ready, sending) = (Bytes::new(), 0, false, false);
        let shake = Shake::None;
        Self { session, purpose, hop, shake, octets, offset, ready, sending }
    }

    pub(crate) fn send(&mut self, envelope: Envelope, octets: Bytes) {
        (self.octets, self.offset, self.sending) = (octets, 0, true);
        self.session.send(envelope).expect("the session is ready");
    }
}

impl Server {
    pub(crate) fn new(world: &World, site: u32, submission: bool) -> Self {
        let mut config = server::Config::new(names::site(site).parse().expect("a host"));
        // Some report by themselves, and some take messages the old way.
        if !site.is_multiple_of(3) {
            config.extensions = config.extensions.with(Extension::Dsn);
        }
        if !site.is_multiple_of(2) {
            config.extensions = config.extensions.without(Extension::Chunking);
        }
        if names::offers_tls(site) {
            let with = config.extensions.with(Extension::StartTls);
            config.extensions = with.with(Extension::RequireTls);
        }
        Self {
            session: server::Session::new(instant(world.now), config),
            site,
            shake: Shake::None,
            submission,
            client: String::new(),
            from: ReversePath::Null,
            parameters: Parameters::default(),
            recipients: Vec::new(),
            body: BytesMut::new(),
        }
    }
}

fn reply(code: u16, text: &str) -> Reply {
    Reply::new(code, text).expect("words")
}

impl World {
    /// Lets a client go on; false when the connection is over.
    pub(crate) fn run_client(&mut self, client: &mut Client) -> bool {
        use client::Event as E;
        loop {
            match client.session.poll() {
                Ok(Step::Event(E::Ready)) if !client.ready => {
                    client.ready = true;
                    self.client_ready(client);
                }
                Ok(Step::Event(E::SendBody)) if client.offset >= client.octets.len() => {
                    client.session.body_end().expect("a body is due");
                }
                Ok(Step::Event(E::SendBody)) => {
                    let end = client.octets.len().min(client.offset + 16 * 1024);
                    client.session.body(&client.octets[client.offset..end]).expect("there is room");
                    client.offset = end;
                }
                Ok(Step::Event(E::Sent(outcome))) => {
                    client.sending = false;
                    self.client_sent(client, &outcome);
                    client.octets = Bytes::new();
                }
                Ok(Step::Event(E::StartTls)) => client.shake = Shake::Wanted,
                Ok(Step::Event(_)) => {}
                Ok(Step::NeedInput | Step::Paused) => return true,
                Ok(Step::Closed) => return false,
                Err(_) => {
                    self.client_failed(client);
                    return false;
                }
            }
        }
    }

    fn client_ready(&mut self, client: &mut Client) {
        match client.purpose {
            Purpose::Link(site, link) => {
                let peer = Peer::of(client.session.capabilities());
                self.with_queue(site, |queue, now| queue.ready(now.0, now.1, link, peer));
            }
            Purpose::Submit(letter) => {
                let octets = self.write_letter(letter);
                let letter = &self.ledger.letters[letter as usize];
                let mailbox = |address| -> Mailbox {
                    names::mail_address(self.size, address).parse().expect("a mailbox")
                };
                let from = ReversePath::Mailbox(mailbox(Address::User(letter.from)));
                let recipients =
                    letter.to.iter().map(|to| ForwardPath::Mailbox(mailbox(to.address)));
                let mut envelope = Envelope::new(from, recipients.collect());
                // Some want to know.
                if letter.from.is_multiple_of(50) {
                    let wish = Notify::SUCCESS.and(Notify::FAILURE);
                    for recipient in &mut envelope.recipients {
                        recipient.parameters = Parameters::default().with_notify(wish);
                    }
                }
                // And some letters nobody else may read (RFC 8689).
                if number(&octets).is_some_and(|it| it % 61 == 7) && client.shake == Shake::Done {
                    envelope.parameters = Parameters::default().with_required_tls();
                }
                client.send(envelope, octets);
            }
        }
    }

    fn client_sent(&mut self, client: &mut Client, outcome: &client::Outcome) {
        for (to, delivery) in &outcome.recipients {
            if matches!(delivery, Delivery::Unknown) {
                let to = to.mailbox().and_then(|to| self.size.address(to));
                self.ledger.doubt(&client.octets, |it| Some(it) == to || to.is_none());
            }
        }
        match client.purpose {
            Purpose::Link(site, link) => {
                self.metrics.attempt(self.now);
                self.with_queue(site, |queue, now| queue.sent(now.0, now.1, link, outcome));
            }
            Purpose::Submit(letter) => {
                let accepted =
                    outcome.recipients.iter().filter(|(_, it)| matches!(it, Delivery::Accepted(_)));
                match accepted.count() {
                    0 => self.agenda.add(self.now + 10 * MINUTE, Event::Submit(letter)),
                    count => {
                        if count < outcome.recipients.len() {
                            self.fail(format!("letter {letter} was taken for some only"));
                        }
                        self.ledger.accept(letter);
                        self.metrics.accepted(self.now);
                    }
                }
                let _ = client.session.quit();
            }
        }
    }

    /// The session ended by an error. What became of a message under way was told before.
    pub(crate) fn client_failed(&mut self, client: &mut Client) {
        match client.purpose {
            Purpose::Link(site, link) => {
                let (ready, shake) = (client.ready, client.shake);
                if let Some(running) = &mut self.sites[site as usize].running {
                    running.links.remove(&link);
                }
                self.with_queue(site, |queue, (now, at)| {
                    if ready {
                        return queue.closed(now, at, link);
                    }
                    let words = Text::from_static("no answer, or none that was good");
                    let why = Cause::new("4.4.1".parse().expect("a status"), words);
                    match shake {
                        Shake::Wanted | Shake::Greeted => queue.tls_failed(now, at, link, why),
                        Shake::None | Shake::Done => queue.unreachable(now, at, link, why),
                    }
                });
            }
            Purpose::Submit(letter) => {
                if !client.ready || client.sending {
                    self.agenda.add(self.now + 10 * MINUTE, Event::Submit(letter));
                }
            }
        }
    }

    /// The machine of a client has died in the middle of something.
    pub(crate) fn client_died(&mut self, client: &Client) {
        if client.sending && client.offset > 0 {
            self.ledger.doubt(&client.octets, |_| true);
        }
    }

    /// Lets a server go on; false when the connection is over.
    pub(crate) fn run_server(&mut self, server: &mut Server) -> bool {
        use server::Event as E;
        loop {
            let mood = self.sites[server.site as usize].mood;
            let mood = if server.submission { Mood::Fair } else { mood };
            let event = match server.session.poll() {
                Ok(Step::Event(event)) => event,
                Ok(Step::NeedInput | Step::Paused) => return true,
                Ok(Step::Closed) | Err(_) => return false,
            };
            let answer = match event {
                E::Connected if mood == Mood::Busy => Some(reply(421, "4.3.2 busy")),
                E::StartTls if self.refuses_tls(server) => Some(reply(454, "4.7.0 no TLS now")),
                E::StartTls => {
                    server.shake = Shake::Wanted;
                    None
                }
                E::Hello { host, .. } => {
                    server.client = host.as_str().into();
                    None
                }
                E::Mail { .. } if mood == Mood::HangUp => return false,
                E::Mail { from, parameters } => {
                    (server.from, server.parameters) = (from, parameters);
                    server.recipients.clear();
                    None
                }
                E::Rcpt { to, parameters } => self.rcpt(server, &to, parameters, mood),
                E::Body(octets) => {
                    server.body.extend_from_slice(&octets);
                    continue;
                }
                E::BodyEnd => match self.take_message(server, mood) {
                    Ok(answer) => answer,
                    Err(Died) => {
                        self.dies(server.site);
                        return false;
                    }
                },
                E::BodyRefused(_) | E::Reset => {
                    server.body.clear();
                    continue;
                }
                _ => None,
            };
            let given = match answer {
                // The liar's.
                Some(answer) if answer.code() == 599 => return false,
                Some(answer) => server.session.reply(answer),
                None => server.session.accept(),
            };
            given.expect("a reply is due");
        }
    }

    fn refuses_tls(&self, server: &Server) -> bool {
        let trouble = self.sites[server.site as usize].trouble;
        !server.submission && trouble == Some(Trouble::Refused)
    }

    fn rcpt(
        &mut self,
        server: &mut Server,
        to: &ForwardPath,
        parameters: Parameters,
        mood: Mood,
    ) -> Option<Reply> {
        let Some(to) = to.mailbox() else { return Some(reply(550, "5.1.1 no such user")) };
        if server.site == self.size.thief() {
            server.recipients.push(Recipient { to: to.clone(), parameters, expanded: false });
            return None;
        }
        let domain = self.size.domain(to.domain());
        let site = domain.map(|domain| self.size.site_of_domain(domain));
        let second = domain.is_some_and(|it| {
            names::has_second_mail_host(it)
                && self.size.second(self.size.site_of_domain(it)) == server.site
        });
        let local = site == Some(server.site);
        if !server.submission && !local && !second {
            return Some(reply(550, "5.7.1 no relaying"));
        }
        if !server.submission && local && !matches!(self.size.address(to), Some(Address::User(_))) {
            return Some(reply(550, "5.1.1 no such user"));
        }
        if mood == Mood::Greylist
            && let Some(running) = &mut self.sites[server.site as usize].running
        {
            let from = server.from.mailbox().map_or("", Mailbox::as_str);
            let key = (from.into(), to.as_str().into());
            let due = *running.greylist.entry(key).or_insert(self.now + 5 * MINUTE);
            if self.now < due {
                return Some(reply(451, "4.7.1 greylisted, come back in five minutes"));
            }
        }
        server.recipients.push(Recipient { to: to.clone(), parameters, expanded: false });
        None
    }

    /// A message is complete: it is durable before anybody is told so.
    fn take_message(&mut self, server: &mut Server, mood: Mood) -> Result<Option<Reply>, Died> {
        let site = server.site;
        let body = std::mem::take(&mut server.body);
        if site == self.size.thief() {
            let to: Vec<_> = server.recipients.drain(..).map(|it| it.to).collect();
            if let Err(broken) = self.ledger.steal(&body.freeze(), &to) {
                self.fail(broken.0);
            }
            return Ok(None);
        }
        if mood == Mood::Moody {
            return Ok(Some(reply(451, "4.3.0 not now")));
        }
        if self.sites[site as usize].disk.full {
            return Ok(Some(reply(452, "4.3.1 the disk is full")));
        }
        if Limits::default().is_loop(&body) {
            return Ok(Some(reply(554, "5.4.6 it goes in circles")));
        }
        let trace = format!(
            "Received: from {} by {} with ESMTP; at {}\r\n",
            server.client,
            names::site(site),
            unix(self.now)
        );
        let octets: Bytes = [trace.as_bytes(), &body].concat().into();
        let recipients = std::mem::take(&mut server.recipients);
        let (local, others): (Vec<_>, Vec<_>) = recipients.into_iter().partition(|it| {
            let domain = self.size.domain(it.to.domain());
            !server.submission && domain.is_some_and(|it| self.size.site_of_domain(it) == site)
        });
        if !others.is_empty() {
            let mut submission = Submission::new(server.from.clone(), []);
            (submission.parameters, submission.recipients) = (server.parameters.clone(), others);
            if let Some(refused) = self.enqueue(site, submission, &octets)? {
                return Ok(Some(refused));
            }
        }
        if !local.is_empty() {
            let users: Vec<_> = local.iter().filter_map(|it| self.user(&it.to)).collect();
            self.sites[site as usize].disk.deliver(&users, &octets)?;
            self.arrived(&users);
        }
        if mood == Mood::Liar {
            return Ok(Some(reply(599, "")));
        }
        Ok(None)
    }

    /// Puts a message into a site's queue, durably.
    fn enqueue(
        &mut self,
        site: u32,
        submission: Submission,
        octets: &Bytes,
    ) -> Result<Option<Reply>, Died> {
        let now = (instant(self.now), unix(self.now));
        let chosen = self.chosen;
        let place = &mut self.sites[site as usize];
        let Some(running) = &mut place.running else { return Err(Died) };
        let Ok(message) = running.queue.submit(now.0, now.1, submission) else {
            return Ok(Some(reply(452, "4.3.1 the queue is full")));
        };
        place.disk.store(message, octets.clone())?;
        if chosen.is_some() && number(octets) == chosen {
            self.watched.insert(site);
        }
        // Up to its record: accepted means durable.
        self.dirty.push_back(Dirty::Site(site));
        self.write_records(site)?;
        Ok(None)
    }

    pub(crate) fn user(&self, mailbox: &Mailbox) -> Option<u32> {
        match self.size.address(mailbox) {
            Some(Address::User(user)) => Some(user),
            _ => None,
        }
    }

    /// Something is in mailboxes: their owners will look into them.
    pub(crate) fn arrived(&mut self, users: &[u32]) {
        for user in users {
            self.metrics.arrived(self.now);
            if !std::mem::replace(&mut self.expecting[*user as usize], true) {
                let wait = self.random.between(10 * MINUTE, self.patience);
                self.agenda.add(self.now + wait, Event::Read(*user));
            }
        }
    }

    /// A connection for a letter of a user, or of a site's queue.
    pub(crate) fn connect_smtp(
        &mut self,
        from: u32,
        to: u32,
        purpose: Purpose,
        hop: Option<Hop>,
    ) -> ConnId {
        let client = Client::new(self, purpose, hop);
        self.connect(from, to, End::Client(Box::new(client)), End::Smtp)
    }
}
