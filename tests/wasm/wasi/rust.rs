// What a program in Rust finds: arguments, environment, files, directories,
// time, randomness through HashMap, panics that stay inside.
use std::collections::HashMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    assert_eq!(args[1..], ["x"]);
    assert_eq!(std::env::var("KEY").unwrap(), "value");
    assert_eq!(std::env::vars().count(), 1);

    assert_eq!(fs::read_to_string("/file").unwrap(), "hello, world");
    let mut f = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open("/new")
        .unwrap();
    f.write_all(b"0123456789").unwrap();
    f.seek(SeekFrom::Start(4)).unwrap();
    let mut rest = String::new();
    f.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "456789");
    f.set_len(3).unwrap();
    f.sync_all().unwrap();
    assert_eq!(f.metadata().unwrap().len(), 3);

    fs::create_dir_all("/d/e/f").unwrap();
    fs::copy("/file", "/d/e/f/copy").unwrap();
    fs::rename("/d/e/f/copy", "/d/e/moved").unwrap();
    let mut names: Vec<String> = fs::read_dir("/d/e")
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["f", "moved"]);
    fs::remove_dir_all("/d").unwrap();
    assert!(fs::metadata("/d").is_err());
    assert!(fs::read("/../outside/secret").is_err());
    assert!(fs::read("/evil/secret").is_err());

    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert!(SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        > 1_700_000_000);

    let mut counts = HashMap::new();
    for word in "a b a c a".split(' ') {
        *counts.entry(word).or_insert(0) += 1;
    }
    assert_eq!(counts["a"], 3);
    println!("ok");
}
