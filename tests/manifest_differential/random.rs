//! A small seeded generator (`SplitMix64`), so that a case is found again by its seed and number.

pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut random = Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
                ^ number.wrapping_mul(0xD1B5_4A32_D192_ED03),
        };
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'item, T: ?Sized>(&mut self, items: &[&'item T]) -> &'item T {
        items[self.below(items.len())]
    }

    /// One of the items of a list written with ` ¦ ` or a line end between them.
    pub(crate) fn one_of<'text>(&mut self, list: &'text str) -> &'text str {
        let items: Vec<&str> = list
            .split(" ¦ ")
            .flat_map(|line| line.split('\n'))
            .collect();
        items[self.below(items.len())]
    }
}
