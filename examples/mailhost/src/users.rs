//! `mailhost user`, and the users that the command line names.
use std::{fs, io, path::Path};

use homing::{
    proto_core::{Secret, blocking::random},
    smtp::Mailbox,
};

use crate::{
    Failure,
    arguments::{StoreArguments, User, UserArguments},
    database::Url,
    host::Host,
    private,
    store::Store,
};

/// Runs `mailhost user`. A mailhost that is in service need not be stopped.
pub(crate) fn run(command: &User) -> Result<(), Failure> {
    match command {
        User::Add(arguments) => {
            private::make_directory(&arguments.store.data)
                .map_err(|error| cannot_use(&arguments.store.data, &error))?;
            let store = open(&arguments.store)?;
            if store.user(&arguments.name)?.is_some() {
                return Err(format!("there is a user {} already", arguments.name).into());
            }
            set(&store, &arguments.name, &password(arguments)?)
        }
        User::Passwd(arguments) => {
            let store = open(&arguments.store)?;
            if store.user(&arguments.name)?.is_none() {
                return Err(format!("there is no user {}", arguments.name).into());
            }
            set(&store, &arguments.name, &password(arguments)?)
        }
        User::List(arguments) => {
            for user in open(arguments)?.users()? {
                println!("{}", user.name);
            }
            Ok(())
        }
    }
}

/// Adds the users that are named as NAME:PASSWORD-FILE.
pub(crate) fn add(store: &Store, words: &[String]) -> Result<(), Failure> {
    for word in words {
        let (name, file) = word.split_once(':').ok_or("--user wants NAME:PASSWORD-FILE")?;
        set(store, name, &read(Path::new(file))?)?;
    }
    Ok(())
}

fn open(arguments: &StoreArguments) -> Result<Store, Failure> {
    // A name that was misspelt makes no new store.
    fs::read_dir(&arguments.data).map_err(|error| cannot_use(&arguments.data, &error))?;
    Ok(Store::open(&Url::new(arguments.store.as_deref(), &arguments.data)?)?)
}

fn cannot_use(directory: &Path, error: &io::Error) -> String {
    format!("cannot use {}: {error}", directory.display())
}

fn set(store: &Store, name: &str, password: &Secret) -> Result<(), Failure> {
    let address = if name.contains('@') { name.into() } else { format!("{name}@localhost") };
    // What would have to be quoted is no name that people could log in with.
    if address.parse::<Mailbox>().is_err() || name.contains(['"', ' ', ':']) {
        return Err(format!("{name:?} is no name for a user").into());
    }
    let salt: [u8; 16] = random()?.first_chunk().copied().ok_or("no salt")?;
    store.set_user(name, &Host::verifier_of(password, &salt)?)?;
    Ok(())
}

fn password(arguments: &UserArguments) -> Result<Secret, Failure> {
    match &arguments.password_file {
        Some(file) => read(file),
        None => {
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            first_line(&line)
        }
    }
}

fn read(file: &Path) -> Result<Secret, Failure> {
    let text = fs::read_to_string(file);
    first_line(&text.map_err(|error| format!("cannot read {}: {error}", file.display()))?)
}

fn first_line(text: &str) -> Result<Secret, Failure> {
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::from(line)),
        _ => Err("a password cannot be empty".into()),
    }
}
