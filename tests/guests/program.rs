// SPDX-License-Identifier: Apache-2.0
//! A Rust program over its standard library. usage: program DIRECTORY
//! Its output is the same natively and as a guest.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

fn report<T>(what: &str, result: std::io::Result<T>) {
    match result {
        Ok(_) => println!("{what}: done"),
        Err(e) => println!("{what}: {:?}", e.kind()),
    }
}

fn files(dir: &Path) -> std::io::Result<()> {
    report("create", fs::create_dir(dir));
    report("create again", fs::create_dir(dir));
    let mut f = File::create(dir.join("lines"))?;
    for i in 0..20000u64 {
        writeln!(f, "{} {:.3}", i * i % 7919, (i as f64).sqrt())?;
    }
    drop(f);
    let mut counts = BTreeMap::new();
    for line in BufReader::new(File::open(dir.join("lines"))?).lines() {
        let n: u64 = line?.split(' ').next().unwrap_or("0").parse().unwrap_or(0);
        *counts.entry(n % 10).or_insert(0u32) += 1;
    }
    println!("{counts:?}");
    let mut f = OpenOptions::new().read(true).append(true).open(dir.join("lines"))?;
    f.write_all(b"appended")?;
    f.seek(SeekFrom::End(-8))?;
    let mut text = String::new();
    f.read_to_string(&mut text)?;
    println!("'{text}', {} bytes", f.metadata()?.len());
    Ok(())
}

fn names(dir: &Path) -> std::io::Result<()> {
    for i in 0..250 {
        File::create(dir.join(format!("f{i:03}-{}", "y".repeat(i % 80))))?;
    }
    fs::rename(dir.join("f000-"), dir.join("zero"))?;
    report("remove missing", fs::remove_file(dir.join("f000-")));
    println!("remove full fails: {}", fs::remove_dir(dir).is_err());
    report("open missing", File::open(dir.join("none")));
    // old libraries have no kind for it on one of the two sides
    println!("write to a directory fails: {}", OpenOptions::new().write(true).open(dir).is_err());
    let mut names = Vec::new();
    for e in fs::read_dir(dir)? {
        names.push(e?.file_name().to_string_lossy().len());
    }
    names.sort_unstable();
    println!("{} names, {} bytes", names.len(), names.iter().sum::<usize>());
    Ok(())
}

fn main() {
    let root = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let dir = Path::new(&root).join("rust");
    report("files", files(&dir));
    report("names", names(&dir));
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    println!("slept long enough: {}", start.elapsed() >= Duration::from_millis(5));
    println!("HOME set: {}", std::env::var_os("HOME").is_some());
    std::process::exit(7);
}
