//! [`LevelGzip`]: one member that decompresses to the input, the same for any number of threads and any cut.

use std::io::{Read, Write};
use std::num::NonZeroUsize;

use consign::tarball::LevelGzip;

use super::inputs;

fn gzip(data: &[u8], level: u32, threads: usize, piece: usize) -> Vec<u8> {
    let mut gzip = LevelGzip::new(Vec::new(), level, NonZeroUsize::new(threads).unwrap());
    for piece in data.chunks(piece) {
        gzip.write_all(piece).unwrap();
    }
    gzip.finish().unwrap()
}

fn gunzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = flate2::bufread::GzDecoder::new(data);
    decoder.read_to_end(&mut out).unwrap();
    assert!(
        decoder.into_inner().is_empty(),
        "one member and nothing behind it"
    );
    out
}

#[test]
fn every_level_and_kind_comes_back_whatever_the_threads() {
    let mut random = inputs::Random::new(1);
    for (name, kind) in inputs::KINDS {
        for (size, levels) in [
            (0, 0..=9),
            (1_000, 0..=9),
            (262_143, 6..=6),
            (262_144, 6..=6),
            (262_145, 0..=9),
            (700_000, 5..=6),
        ] {
            let data = kind(&mut random, size);
            for level in levels {
                let alone = gzip(&data, level, 1, usize::MAX);
                assert!(
                    gunzip(&alone) == data,
                    "{name}: {size} bytes at level {level}"
                );
                for threads in [2, 8] {
                    assert!(
                        gzip(&data, level, threads, 65_537) == alone,
                        "{name}: {size} bytes, {threads} threads"
                    );
                }
            }
        }
    }
}

#[test]
fn a_higher_level_is_smaller_and_zero_stores() {
    let data = inputs::KINDS[4].1(&mut inputs::Random::new(2), 1_000_000);
    let size = |level| gzip(&data, level, 2, 4096).len();
    assert!(size(0) > data.len());
    assert!(size(1) > size(6));
    assert!(size(6) >= size(9));
    assert_eq!(size(9), size(12));
}

#[test]
fn the_writer_fails_with_its_own_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for threads in [1, 2] {
        let mut gzip = LevelGzip::new(Full, 6, NonZeroUsize::new(threads).unwrap());
        let error = gzip.write_all(&vec![7; 1_000_000]).unwrap_err();
        assert_eq!(error.to_string(), "disk full");
    }
}
