//! What is written is read again.
mod values;

use bytes::BytesMut;
use imap_proto::{
    Dialect, Limits, Line, ReadEvent, Reader, ReaderLimits, Response, proto_core::Input,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_response_is_read_as_it_was_written(response in values::response(), utf8: bool) {
        let mut out = BytesMut::new();
        response.write(&mut out, Dialect { utf8, ..Dialect::SERVER });
        let line = Line::parse(out.clone().freeze()).unwrap();
        prop_assert_eq!(Response::parse(&line, Limits::default()), Ok(response.clone()));
        let mut diagnostics = Vec::new();
        let lenient = Response::parse_leniently(&line, Limits::default(), &mut diagnostics);
        prop_assert_eq!((lenient, diagnostics), (Ok(response.clone()), vec![]));
        // And as it arrives.
        let (mut input, mut reader) = (Input::default(), Reader::new(ReaderLimits::default()));
        input.push(&out);
        prop_assert_eq!(reader.next(&mut input), Ok(Some(ReadEvent::Response(response))));
        prop_assert!(input.is_empty());
    }
}
