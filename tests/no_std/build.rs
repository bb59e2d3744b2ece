//! `memcpy` and its like come from the C library: a program without std must ask for it itself.
fn main() {
    println!("cargo:rustc-link-lib=c");
}
