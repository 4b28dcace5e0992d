//! What the disk does in this moment: the measure of everything durable.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

/// Synced writes of 1,500 bytes a second, one after the other, in a folder's file system.
#[expect(clippy::float_arithmetic, reason = "a rate")]
pub fn syncs_per_second(folder: &Path) -> io::Result<f64> {
    fs::create_dir_all(folder)?;
    let path = folder.join("sync.probe");
    let mut file = File::create(&path)?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 1500])?;
        file.sync_data()?;
        count += 1;
    }
    fs::remove_file(path)?;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
