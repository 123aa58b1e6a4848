//! The kernels that packing and publishing spend their time in: npm's deflate for each kind of data and number of
//! threads, the tar stream, the digests, base64.
//!
//! `cargo bench --bench kernels [-- FILTER]`. How the deflate compares with Node's zlib: `cargo bench --bench peers --
//! --kernel`.
#![expect(clippy::unwrap_used, reason = "a bench ends when it fails")]

use std::fs;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use consign::manifest::Manifest;
use consign::packlist::{Package, packlist};
use consign::tarball::{DigestWriter, LevelGzip, NpmGzip, write_archive};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SIZE: usize = 8 << 20;

/// xorshift64*: the same bytes everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.short()) % end
    }

    /// The high bits, which are the better ones.
    fn short(&mut self) -> u16 {
        let [.., low, high] = self.next().to_le_bytes();
        u16::from_le_bytes([low, high])
    }
}

fn random(size: usize) -> Vec<u8> {
    let mut random = Random(1);
    (0..size).map(|_| random.next().to_le_bytes()[7]).collect()
}

/// Lines of code-like words, with the repetitions that sources have.
fn source(size: usize) -> Vec<u8> {
    let mut random = Random(2);
    let words = [
        "const", "return", "function", "if (", ") {", "}", "=>", "this.", "length", "value",
        "index", "options", "=", "===", "null", ";", "export", "import", "from",
    ];
    let mut text = Vec::with_capacity(size + 64);
    while text.len() < size {
        text.extend(vec![b' '; 2 * random.below(4)]);
        for _ in 0..3 + random.below(6) {
            if random.below(4) == 0 {
                write!(text, "name{} ", random.below(5_000)).unwrap();
            } else {
                let word = words[random.below(words.len())];
                text.extend_from_slice(word.as_bytes());
                text.push(b' ');
            }
        }
        text.push(b'\n');
    }
    text.truncate(size);
    text
}

fn deflate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deflate");
    group.sample_size(10);
    let source = source(SIZE);
    let mut stored = LevelGzip::new(Vec::new(), 9, NonZeroUsize::MIN);
    stored.write_all(&source).unwrap();
    let kinds = [
        ("source", source),
        ("random", random(SIZE)),
        ("zeros", vec![0; SIZE]),
        ("compressed", stored.finish().unwrap()),
    ];
    for (kind, data) in &kinds {
        group.throughput(Throughput::Bytes(data.len() as u64));
        for threads in [1, 2, 4] {
            let threads = NonZeroUsize::new(threads).unwrap();
            group.bench_with_input(BenchmarkId::new(*kind, threads), data, |bencher, data| {
                bencher.iter(|| {
                    let mut gzip = NpmGzip::new(io::sink(), threads);
                    gzip.write_all(black_box(data)).unwrap();
                    gzip.finish().unwrap()
                });
            });
        }
    }
    group.finish();
}

/// 2,000 files of 100 bytes: headers and reading, hardly any contents.
fn tar(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    fs::write(
        root.join("package.json"),
        r#"{"name":"a","version":"1.0.0"}"#,
    )
    .unwrap();
    for index in 0..2_000 {
        fs::write(root.join(format!("file-{index}.js")), [b'x'; 100]).unwrap();
    }
    let manifest = Manifest::read_to_pack(&root).unwrap();
    let list = packlist(&Package {
        root: &root,
        manifest: manifest.document(),
        members: &[],
        workspaces: None,
    })
    .unwrap();
    let mut group = criterion.benchmark_group("tar");
    group.throughput(Throughput::Elements(list.entries.len() as u64));
    for threads in [1, 2] {
        let threads = NonZeroUsize::new(threads).unwrap();
        group.bench_function(BenchmarkId::new("small files", threads), |bencher| {
            bencher
                .iter(|| write_archive(&root, &list.entries, &[], None, threads, &mut io::sink()));
        });
    }
    group.finish();
}

fn digests(criterion: &mut Criterion) {
    let data = random(SIZE);
    let mut group = criterion.benchmark_group("digests");
    group.throughput(Throughput::Bytes(SIZE as u64));
    group.bench_function("sha1 and sha512", |bencher| {
        bencher.iter(|| {
            let mut writer = DigestWriter::new(io::sink());
            writer.write_all(black_box(&data)).unwrap();
            writer.finish().1
        });
    });
    group.finish();
}

fn base64(criterion: &mut Criterion) {
    // As long as the pieces in which a publish document leaves.
    let data = random(48 * 1024);
    let mut text = vec![0; 64 * 1024];
    let mut group = criterion.benchmark_group("base64");
    group.throughput(Throughput::Bytes(data.len() as u64));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| STANDARD.encode_slice(black_box(&data), &mut text).unwrap());
    });
    group.finish();
}

criterion_group!(kernels, deflate, tar, digests, base64);
criterion_main!(kernels);
