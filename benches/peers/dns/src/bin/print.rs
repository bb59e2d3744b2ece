//! Prints the records of a master file: `print ORIGIN FILE`.
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, origin, file] = &arguments[..] else { panic!("print ORIGIN FILE") };
    let text = std::fs::read(file).expect("a file");
    let load = |file: &str| std::fs::read(file).ok().map(Into::into);
    match dns_proto::zone_file::read(file, &text, origin.parse().expect("a name"), load) {
        Ok(records) => records.iter().for_each(|record| println!("{record}")),
        Err(error) => panic!("{error}"),
    }
}
