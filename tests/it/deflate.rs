//! Our DEFLATE against Node's zlib, byte by byte; pako, another port of the same, as a second opinion.
//!
//! More on demand: `CONSIGN_DEFLATE_SECONDS` runs random inputs for that long (from
//! `CONSIGN_DIFFERENTIAL_SEED`, up to `CONSIGN_DEFLATE_LARGEST` bytes each), and
//! `CONSIGN_DEFLATE_DENSE=1` takes every size around the window.

mod inputs;
mod judge;
mod level;

use std::io::Write;
use std::num::NonZeroUsize;

use consign::tarball::NpmGzip;

use inputs::Random;
use judge::Judge;

fn gzip(data: &[u8], threads: usize, piece: usize) -> Vec<u8> {
    let mut gzip = NpmGzip::new(Vec::new(), NonZeroUsize::new(threads).unwrap());
    if piece == 0 {
        gzip.write_all(data).unwrap();
    } else {
        for piece in data.chunks(piece) {
            gzip.write_all(piece).unwrap();
        }
    }
    gzip.finish().unwrap()
}

/// Every size in a range, or with `CONSIGN_DEFLATE_DENSE` unset only some of them where Node takes long.
fn sizes(range: std::ops::Range<usize>, step: usize) -> impl Iterator<Item = usize> {
    let is_dense = std::env::var_os("CONSIGN_DEFLATE_DENSE").is_some();
    range.step_by(if is_dense { 1 } else { step })
}

#[test]
fn every_size_to_1200_of_every_kind() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(1);
    for (name, kind) in inputs::KINDS {
        for size in 0..1200 {
            judge.check(name, &kind(&mut random, size), &[1]);
        }
    }
}

#[test]
fn sizes_around_the_window() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(2);
    for (name, kind) in inputs::KINDS {
        for middle in [32_768, 65_536, 98_304] {
            for size in sizes(middle - 600..middle + 600, 41) {
                judge.check(name, &kind(&mut random, size), &[1]);
            }
        }
    }
}

#[test]
fn sizes_around_the_first_slide() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(3);
    for (name, kind) in inputs::KINDS {
        let step = if inputs::is_slow(name) { 29 } else { 5 };
        let data = kind(&mut random, 65_536 + 300);
        for size in sizes(65_536 - 300..data.len(), step) {
            judge.check(name, &data[..size], &[1]);
        }
    }
}

#[test]
fn sizes_around_a_full_block() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(4);
    for size in 16_383 - 3..16_383 + 4 {
        for blocks in 1..4 {
            // Hardly a match: each byte is a symbol.
            judge.check(
                "literals",
                &inputs::random(&mut random, size * blocks),
                &[1],
            );
        }
    }
    for (name, kind) in inputs::KINDS {
        for size in 16_383 - 20..16_383 + 20 {
            judge.check(name, &kind(&mut random, size), &[1]);
        }
    }
}

#[test]
fn segments_join_whatever_the_threads() {
    const SEGMENT: usize = 393_216;
    let mut random = Random::new(10);
    for (name, kind) in inputs::KINDS {
        for size in [
            SEGMENT,
            SEGMENT + 1,
            SEGMENT + 32_768,
            2 * SEGMENT,
            1_500_000,
        ] {
            let data = kind(&mut random, size);
            let alone = gzip(&data, 1, 0);
            for threads in [2, 3, 8] {
                assert!(
                    gzip(&data, threads, 0) == alone,
                    "{name}: {size} bytes, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn runs_of_zeros_between_text_are_mended() {
    let mut random = Random::new(11);
    let text = inputs::KINDS[4].1;
    for _ in 0..20 {
        let mut data = Vec::new();
        while data.len() < 2_000_000 {
            let length = random.below(300_000);
            data.extend(text(&mut random, length));
            data.resize(data.len() + random.below(600_000), 0);
        }
        assert!(gzip(&data, 3, 0) == gzip(&data, 1, 0));
    }
}

/// Appends `count` occurrences of `abcd`, each with a byte of its own behind it.
fn sprinkle(data: &mut Vec<u8>, random: &mut Random, count: usize) {
    for _ in 0..count {
        data.extend_from_slice(b"abcd");
        data.extend(inputs::hundred_symbols(random, 1));
    }
}

#[test]
fn the_4097th_of_a_chain_is_not_looked_at() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(12);
    for between in 4_090..4_100 {
        let planted = inputs::hundred_symbols(&mut random, 40);
        let mut data = b"abcd".to_vec();
        sprinkle(&mut data, &mut random, 500);
        data.extend_from_slice(b"abcd");
        data.extend_from_slice(&planted);
        sprinkle(&mut data, &mut random, between);
        data.extend_from_slice(b"abcd");
        data.extend_from_slice(&planted);
        data.extend(inputs::hundred_symbols(&mut random, 1_000));
        judge.check("4,096", &data, &[1]);
    }
}

#[test]
fn the_1025th_of_a_chain_is_not_looked_at_while_a_good_match_waits() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(13);
    for waiting in [30, 31, 32, 33, 40] {
        for between in (1_018..1_030).chain(4_090..4_099) {
            let planted = inputs::hundred_symbols(&mut random, 60);
            let mut data = b"abcd".to_vec();
            data.extend_from_slice(&planted);
            sprinkle(&mut data, &mut random, between);
            // Matched from the tilde on, and one longer than that from the `a` on, with the first.
            data.extend_from_slice(b"~abcd");
            data.extend_from_slice(&planted[..waiting - 5]);
            data.extend(inputs::hundred_symbols(&mut random, 50));
            data.extend_from_slice(b"~abcd");
            data.extend_from_slice(&planted);
            data.extend(inputs::hundred_symbols(&mut random, 1_000));
            judge.check("1,024", &data, &[1]);
        }
    }
}

#[test]
fn large_inputs() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(5);
    for (name, kind) in inputs::KINDS {
        let size = if inputs::is_slow(name) {
            600_000
        } else {
            1_500_000
        };
        judge.check(name, &kind(&mut random, size), &[1, 2, 3, 8]);
    }
}

#[test]
fn third_byte_from_the_end_sees_what_the_window_held() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(6);
    for size in [
        14, 500, 40_000, 65_270, 65_276, 65_277, 65_300, 65_536, 70_000, 98_000, 98_044, 131_100,
    ] {
        let mut data = inputs::hundred_symbols(&mut random, size);
        let beyond = if size >= 65_277 {
            data[size - 32_768]
        } else {
            0
        };
        for (fourth, distance) in [
            (beyond, 10),
            (beyond, 4_096),
            (beyond, 4_097),
            (beyond, 4_000),
            (beyond ^ 128, 9),
            (beyond ^ 1, 9),
        ] {
            if size > distance + 3 {
                let at = size - 3 - distance;
                let tail = data[size - 3..].to_vec();
                data[at..at + 3].copy_from_slice(&tail);
                data[at + 3] = fourth;
                judge.check("third from the end", &data, &[1]);
            }
        }
    }
}

#[test]
fn farthest_distances() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(7);
    for distance in 32_500..32_512 {
        for start in [0, 1, 2, 32_767, 32_768, 32_769, 65_535, 65_536] {
            for tail in [10, 200, 261, 262, 263, 300] {
                let mut data = inputs::hundred_symbols(&mut random, start + distance + tail);
                let copied = data[start..start + 6].to_vec();
                data[start + distance..start + distance + 6].copy_from_slice(&copied);
                judge.check("farthest", &data, &[1]);
            }
        }
    }
}

#[test]
fn chunking_is_irrelevant() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(8);
    for (name, kind) in inputs::KINDS {
        let data = kind(&mut random, 300_000);
        let expected = judge.gzip(b's', &data);
        assert!(
            judge.gzip(b'c', &data) == expected,
            "{name}: Node's own stream"
        );
        for piece in [1, 511, 512, 4_096, 65_535, 65_537] {
            assert!(
                gzip(&data, 2, piece) == expected,
                "{name}: pieces of {piece}"
            );
        }
    }
}

#[test]
fn pako_agrees() {
    let Some(mut judge) = Judge::start_with_pako() else {
        return;
    };
    let mut random = Random::new(9);
    for (name, kind) in inputs::KINDS {
        for size in [
            0, 1, 3, 4, 5, 100, 1000, 20_000, 65_535, 65_536, 70_000, 200_000,
        ] {
            let data = kind(&mut random, size);
            assert!(
                gzip(&data, 1, 0) == judge.gzip(b'p', &data),
                "{name}: {size} bytes"
            );
        }
    }
}

/// Random inputs for as long as the environment asks.
#[test]
fn campaign() {
    fn read<T: std::str::FromStr>(name: &str, unless: T) -> T {
        let said = std::env::var(name).ok().and_then(|text| text.parse().ok());
        said.unwrap_or(unless)
    }
    let seconds = read("CONSIGN_DEFLATE_SECONDS", 2);
    let seed = read("CONSIGN_DIFFERENTIAL_SEED", 1);
    let largest = read("CONSIGN_DEFLATE_LARGEST", 400_000);
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let mut random = Random::new(seed);
    let start = std::time::Instant::now();
    let mut count = 0_u32;
    let mut bytes = 0;
    while start.elapsed().as_secs() < seconds {
        let size = random.below(largest) >> random.below(12);
        let data = inputs::any(&mut random, size);
        let threads = [1, 2, 3, 8][random.below(4)];
        judge.check("campaign", &data, &[threads]);
        count += 1;
        bytes += data.len();
    }
    println!("{count} inputs, {bytes} bytes, seed {seed}");
}
