//! Two sessions, mouth to ear.
use alloc::vec::Vec;

use super::{Subject, Transcript, engine::Engine};

/// Lets a client and a server talk until both are done; at most `window` octets travel at once
/// in each direction, so small windows cut everything everywhere.
///
/// # Panics
/// Neither has anything to say, and they are not both done.
pub fn pipe<C: Subject, S: Subject>(
    client: &C,
    server: &S,
    window: usize,
) -> (Transcript, Transcript) {
    let mut client = Engine::new(client, &[]);
    let mut server = Engine::new(server, &[]);
    let (mut to_server, mut to_client) = (0, 0);
    loop {
        let said = take(&client.transcript, &mut to_server, window);
        let answered = take(&server.transcript, &mut to_client, window);
        if !said.is_empty() {
            server.feed(&said);
        }
        if !answered.is_empty() {
            client.feed(&answered);
        }
        if !said.is_empty() || !answered.is_empty() {
            continue;
        }
        if is_over(&client.transcript) && is_over(&server.transcript) {
            return (client.finish(), server.finish());
        }
        if C::awaits_tls(&client.machine) && S::awaits_tls(&server.machine) {
            server.secured();
            client.secured();
        } else if is_over(&client.transcript) {
            server.eof();
            assert!(is_over(&server.transcript), "the server goes on alone");
        } else if is_over(&server.transcript) {
            client.eof();
            assert!(is_over(&client.transcript), "the client goes on alone");
        } else {
            let (client, server) = (client.transcript, server.transcript);
            panic!("both wait for each other:\nclient {client:#?}\nserver {server:#?}");
        }
    }
}

fn is_over(transcript: &Transcript) -> bool {
    transcript.closed || transcript.error.is_some()
}

fn take(transcript: &Transcript, from: &mut usize, window: usize) -> Vec<u8> {
    let fresh = transcript.wire.get(*from..).unwrap_or_default();
    let taken: Vec<_> = fresh.iter().copied().take(window.max(1)).collect();
    *from += taken.len();
    taken
}
