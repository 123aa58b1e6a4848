//! Inputs that reach the corners of DEFLATE, the same in every run.

/// A small random generator (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    /// One stream per seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, 0 if that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 16)
            .unwrap_or(0)
            .checked_rem(bound)
            .unwrap_or(0)
    }
}

impl Random {
    /// A number below a random power of two below `1 << bits`: small ones are as likely as large ones.
    pub(crate) fn of_any_size(&mut self, bits: usize) -> usize {
        let bound = 1 << self.below(bits);
        self.below(bound)
    }
}

type Kind = fn(&mut Random, usize) -> Vec<u8>;

/// Name and maker of each kind of input; the maker takes the size.
pub(crate) const KINDS: &[(&str, Kind)] = &[
    ("random", random),
    ("hundred symbols", hundred_symbols),
    ("zeros", zeros),
    ("runs", runs),
    ("text", text),
    ("two symbols", two_symbols),
    ("four symbols", four_symbols),
    ("skewed", skewed),
    ("periodic", periodic),
    ("copies", copies),
    ("high bit", high_bit),
    ("mixture", mixture),
];

/// Whether Node takes about a second for a megabyte and more.
pub(crate) fn is_slow(name: &str) -> bool {
    ["two symbols", "four symbols", "skewed", "mixture"].contains(&name)
}

/// Every byte equally likely.
pub(crate) fn random(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size).map(|_| random.next().to_le_bytes()[5]).collect()
}

/// One of a hundred symbols each: hardly a match, and still not better stored, so that each symbol shows.
pub(crate) fn hundred_symbols(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size)
        .map(|_| b' ' + random.next().to_le_bytes()[5] % 100)
        .collect()
}

fn zeros(_: &mut Random, size: usize) -> Vec<u8> {
    vec![0; size]
}

fn runs(random: &mut Random, size: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(size);
    while data.len() < size {
        let length = 1 + random.of_any_size(11);
        let byte = random.next().to_le_bytes()[5];
        data.resize((data.len() + length).min(size), byte);
    }
    data
}

fn text(random: &mut Random, size: usize) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "function",
        "return",
        "const",
        "let",
        " ",
        "  ",
        "    ",
        "\n",
        "(",
        ")",
        "{",
        "}",
        ";",
        "=>",
        "module",
        "exports",
        "require",
        "prototype",
        "undefined",
        "value",
        "index",
        "length",
        "this",
        ".",
        ",",
        "=",
        "===",
        "if",
        "else",
        "for",
        "0",
        "1",
        "'",
        "\"",
        "/* c */",
        "// line\n",
        "\u{e9}t\u{e9}",
        "\u{2713}",
    ];
    let mut data = Vec::with_capacity(size + 16);
    while data.len() < size {
        let word = WORDS[random.below(WORDS.len())];
        data.extend_from_slice(word.as_bytes());
        if random.below(9) == 0 {
            data.extend(random.below(100_000).to_string().bytes());
        }
    }
    data.truncate(size);
    data
}

fn two_symbols(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size)
        .map(|_| b'a' + u8::from(random.below(2) == 0))
        .collect()
}

fn four_symbols(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size).map(|_| b"ACGT"[random.below(4)]).collect()
}

fn skewed(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size)
        .map(|_| random.next().leading_zeros().to_le_bytes()[0])
        .collect()
}

/// Periods around the farthest distance, with a rare change.
fn periodic(random: &mut Random, size: usize) -> Vec<u8> {
    let period = match random.below(4) {
        0 => 1 + random.below(600),
        1 => 32_768 - 262 - 3 + random.below(7),
        2 => 32_768 - 3 + random.below(7),
        _ => 258 - 3 + random.below(7),
    };
    let mut data = self::random(random, period.min(size));
    while data.len() < size {
        let byte = data[data.len() - period];
        data.push(if random.below(5_000) == 0 {
            !byte
        } else {
            byte
        });
    }
    data
}

/// Random bytes between copies of earlier ones.
fn copies(random: &mut Random, size: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(size);
    while data.len() < size {
        let fresh = random.below(20).min(size - data.len());
        for _ in 0..fresh {
            data.push(random.next().to_le_bytes()[4]);
        }
        if data.is_empty() {
            continue;
        }
        let distance = 1 + random.below(data.len().min(33_000));
        let length = (1 + random.of_any_size(10)).min(size - data.len());
        for _ in 0..length {
            data.push(data[data.len() - distance]);
        }
    }
    data
}

/// Few symbols, differing in the highest bit too: four-byte hashes collide when only that bit of the fourth byte differs.
fn high_bit(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size)
        .map(|_| b"abcdefgh"[random.below(8)] | if random.below(3) == 0 { 128 } else { 0 })
        .collect()
}

fn mixture(random: &mut Random, size: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(size);
    while data.len() < size {
        let (_, kind) = KINDS[random.below(KINDS.len() - 1)];
        let length = random.of_any_size(18).min(size - data.len());
        data.extend(kind(random, length));
    }
    data
}

/// Any kind, with a bias to mixtures.
pub(crate) fn any(random: &mut Random, size: usize) -> Vec<u8> {
    let (_, kind) = KINDS[random.below(KINDS.len() + 4).min(KINDS.len() - 1)];
    kind(random, size)
}
