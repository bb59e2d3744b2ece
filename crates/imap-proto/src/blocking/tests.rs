use alloc::boxed::Box;

use proto_core::blocking::{BoxStream, Driver};

use super::*;
use crate::{
    client::{Config, Session, StartTls},
    common::tests::{play, serve},
};

macro_rules! done {
    ($value:expr) => {
        $value
    };
}

#[test]
fn a_dialogue_of_every_method() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let server = std::thread::spawn(move || serve(theirs));
    let mut config = Config::default();
    (config.starttls, config.login_without_tls) = (StartTls::Never, true);
    let driver = Driver::new(Box::new(ours) as BoxStream, |now| Session::new(now, config));
    let mut client = Client::open(driver, None).unwrap();
    play!(client, done);
    server.join().unwrap();
}
