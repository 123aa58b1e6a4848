//! Code lengths and codes of one block, with the ties broken as zlib breaks them.
//!
//! Any optimal Huffman code would decompress; only zlib's choice among equals gives npm's bytes. What
//! decides is the order in which nodes leave the heap: by frequency, then by depth of the subtree, and
//! within equal keys by the moves of a binary heap that prefers the left child. Codes longer than the
//! limit are shortened by moving leaves up from the deepest level in the order of that heap.
//! Source of the rules: zlib 1.3.1, `trees.c` (`build_tree`, `gen_bitlen`, `gen_codes`).

use super::codes::LITLEN_SYMBOLS;

/// Leaves and inner nodes of the largest tree, plus the unused slot 0 of the heap.
const HEAP_SIZE: usize = 2 * LITLEN_SYMBOLS + 1;

/// The code of one alphabet.
#[derive(Clone, Debug)]
pub(super) struct Code<const N: usize> {
    /// Length of each symbol's code in bits, 0 for a symbol that does not occur.
    pub(super) lengths: [u8; N],
    /// Codes, first bit lowest, ready to be written.
    pub(super) codes: [u16; N],
    /// Highest symbol that has a code.
    pub(super) max_symbol: usize,
}

/// A node on the heap: its key (frequency, then depth) in the upper bits, its number in the lower 16.
#[derive(Clone, Copy, Default)]
struct Entry(u64);

impl Entry {
    const fn new(frequency: u32, depth: u8, node: u16) -> Self {
        Self((frequency as u64) << 24 | (depth as u64) << 16 | node as u64)
    }

    const fn frequency(self) -> u32 {
        (self.0 >> 24) as u32
    }

    const fn depth(self) -> u8 {
        (self.0 >> 16) as u8
    }

    const fn node(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    /// zlib's order: equal keys count as "before", whichever node they belong to.
    const fn before(self, other: Self) -> bool {
        self.0 >> 16 <= other.0 >> 16
    }
}

/// Slots 1..=len form a binary heap; slot 0 is unused, as in zlib, because its moves decide ties.
struct Heap {
    slots: [Entry; HEAP_SIZE],
    len: usize,
}

impl Heap {
    /// Moves the entry down until none of its children comes before it.
    #[inline(always)]
    fn sift_down(&mut self, mut slot: usize) {
        let moving = self.slots[slot];
        let mut child = slot * 2;
        while child <= self.len {
            // Without a branch, for which child is taken is as good as random: the slot behind the last is read
            // too, and left out by the second factor.
            let is_right = u8::from(self.slots[child + 1].before(self.slots[child]));
            child += usize::from(is_right * u8::from(child < self.len));
            if moving.before(self.slots[child]) {
                break;
            }
            self.slots[slot] = self.slots[child];
            slot = child;
            child = slot * 2;
        }
        self.slots[slot] = moving;
    }

    fn pop(&mut self) -> Entry {
        let least = self.slots[1];
        self.slots[1] = self.slots[self.len];
        self.len -= 1;
        self.sift_down(1);
        least
    }
}

impl<const N: usize> Code<N> {
    /// The code for these frequencies with no length above `max_bits`.
    ///
    /// At least two symbols get a code: where fewer occur, the symbol after the last one gets one too if that is
    /// 2 or below, and symbol 0 otherwise.
    pub(super) fn build(frequencies: &[u32; N], max_bits: usize) -> Self {
        let mut heap = Heap {
            slots: [Entry::default(); HEAP_SIZE],
            len: 0,
        };
        let mut max_symbol = None;
        let mut node = 0_u16;
        for &frequency in frequencies {
            if frequency != 0 {
                heap.len += 1;
                heap.slots[heap.len] = Entry::new(frequency, 0, node);
                max_symbol = Some(usize::from(node));
            }
            node += 1;
        }
        while heap.len < 2 {
            // None yet: symbol 0. Otherwise the next one as far as 2, and behind that symbol 0.
            let forced = max_symbol
                .filter(|&symbol| symbol < 2)
                .map_or(0, |symbol| symbol + 1);
            max_symbol = Some(max_symbol.map_or(forced, |symbol| symbol.max(forced)));
            heap.len += 1;
            heap.slots[heap.len] = Entry::new(1, 0, forced as u16);
        }
        let max_symbol = max_symbol.unwrap_or(0);
        for slot in (1..=heap.len / 2).rev() {
            heap.sift_down(slot);
        }

        // Nodes from the root down: filled from the end, as they leave the heap.
        let mut order = [Entry::default(); HEAP_SIZE];
        let mut parents = [0_u16; HEAP_SIZE];
        let mut first = HEAP_SIZE;
        while heap.len >= 2 {
            let least = heap.pop();
            let second = heap.slots[1];
            first -= 2;
            order[first + 1] = least;
            order[first] = second;
            parents[least.node()] = node;
            parents[second.node()] = node;
            heap.slots[1] = Entry::new(
                least.frequency() + second.frequency(),
                least.depth().max(second.depth()) + 1,
                node,
            );
            heap.sift_down(1);
            node += 1;
        }
        let lengths = limit_lengths(&order[first..], &parents, heap.slots[1].node(), max_bits);
        Self {
            codes: canonical(&lengths),
            lengths,
            max_symbol,
        }
    }

    /// Bits that this many occurrences of each symbol take, extra bits not counted.
    pub(super) fn cost(&self, frequencies: &[u32; N]) -> u64 {
        let bits = |(&frequency, &length): (&u32, &u8)| u64::from(frequency) * u64::from(length);
        frequencies.iter().zip(&self.lengths).map(bits).sum()
    }
}

/// Code lengths from the tree: `order` lists all nodes but the root so that parents come first.
fn limit_lengths<const N: usize>(
    order: &[Entry],
    parents: &[u16; HEAP_SIZE],
    root: usize,
    max_bits: usize,
) -> [u8; N] {
    let mut depths = [0_u8; HEAP_SIZE];
    let mut per_length = [0_usize; 16];
    let mut too_long = 0_usize;
    depths[root] = 0;
    for entry in order {
        let node = entry.node();
        let mut depth = usize::from(depths[usize::from(parents[node])]) + 1;
        if depth > max_bits {
            depth = max_bits;
            too_long += 1;
        }
        depths[node] = depth as u8;
        if node < N {
            per_length[depth] += 1;
        }
    }
    if too_long > 0 {
        // Each step makes room for two nodes at the limit: a leaf above moves down one level and takes
        // one of them as its brother.
        for _ in 0..too_long.div_ceil(2) {
            let mut bits = max_bits - 1;
            while per_length[bits] == 0 {
                bits -= 1;
            }
            per_length[bits] -= 1;
            per_length[bits + 1] += 2;
            per_length[max_bits] -= 1;
        }
        // Deal the lengths out again, longest first, to the leaves in order of growing frequency.
        let mut leaves = order
            .iter()
            .rev()
            .map(|entry| entry.node())
            .filter(|&node| node < N);
        for bits in (1..=max_bits).rev() {
            for leaf in leaves.by_ref().take(per_length[bits]) {
                depths[leaf] = bits as u8;
            }
        }
    }
    let mut lengths = [0_u8; N];
    lengths.copy_from_slice(&depths[..N]);
    lengths
}

/// Canonical codes (RFC 1951 §3.2.2) with their bits reversed.
pub(super) fn canonical<const N: usize>(lengths: &[u8; N]) -> [u16; N] {
    let mut per_length = [0_u16; 16];
    for &length in lengths {
        per_length[usize::from(length & 15)] += 1;
    }
    per_length[0] = 0;
    let mut next = [0_u16; 16];
    for bits in 1..16 {
        next[bits] = (next[bits - 1] + per_length[bits - 1]) << 1;
    }
    let mut codes = [0_u16; N];
    for (code, &length) in codes.iter_mut().zip(lengths) {
        let length = usize::from(length & 15);
        if length != 0 {
            *code = next[length].reverse_bits() >> (16 - length);
            next[length] = next[length].wrapping_add(1);
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::Code;

    fn kraft<const N: usize>(code: &Code<N>, max_bits: u32) -> u32 {
        let used = code.lengths.iter().filter(|&&length| length != 0);
        used.map(|&length| 1 << (max_bits - u32::from(length)))
            .sum()
    }

    #[test]
    fn a_code_is_complete_and_rare_symbols_are_longer() {
        let mut frequencies = [0_u32; 30];
        for (symbol, frequency) in frequencies.iter_mut().enumerate() {
            *frequency = 1 + 100 / (symbol as u32 + 1);
        }
        let code = Code::build(&frequencies, 15);
        assert_eq!(kraft(&code, 15), 1 << 15);
        assert!(
            code.lengths.windows(2).all(|pair| pair[0] <= pair[1]),
            "{:?}",
            code.lengths
        );
        assert_eq!(code.max_symbol, 29);
    }

    #[test]
    fn lengths_stay_within_the_limit() {
        // Fibonacci frequencies make the deepest tree there is.
        let mut frequencies = [1_u32; 19];
        for symbol in 2..19 {
            frequencies[symbol] = frequencies[symbol - 1] + frequencies[symbol - 2];
        }
        let code = Code::build(&frequencies, 7);
        assert_eq!(code.lengths.iter().max(), Some(&7));
        assert_eq!(kraft(&code, 7), 1 << 7);
    }

    #[test]
    fn at_least_two_symbols_have_a_code() {
        let code_for = |symbols: &[usize]| {
            let mut frequencies = [0_u32; 30];
            for &symbol in symbols {
                frequencies[symbol] = 5;
            }
            let code = Code::build(&frequencies, 15);
            let used = code
                .lengths
                .iter()
                .enumerate()
                .filter(|&(_, &length)| length == 1);
            (
                used.map(|(symbol, _)| symbol).collect::<Vec<_>>(),
                code.max_symbol,
            )
        };
        assert_eq!(code_for(&[]), (vec![0, 1], 1));
        assert_eq!(code_for(&[0]), (vec![0, 1], 1));
        assert_eq!(code_for(&[1]), (vec![1, 2], 2));
        assert_eq!(code_for(&[2]), (vec![0, 2], 2));
        assert_eq!(code_for(&[29]), (vec![0, 29], 29));
    }
}
