//! SIGINT and SIGTERM while something has to be done before they end the process: a script that has to hear of them, a
//! line of a terminal that has to be emptied.

#[cfg(unix)]
pub(crate) use unix::TakenSignals;

#[cfg(not(unix))]
pub(crate) use elsewhere::TakenSignals;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};

    /// Whether signals end consign as they would without this module. A handler, once set, cannot be
    /// taken back, so one stays that applies the default while nobody has taken the signals.
    struct SignalDefault {
        is_default: Arc<AtomicBool>,
        takers: usize,
    }

    static DEFAULT: Mutex<Option<SignalDefault>> = Mutex::new(None);

    /// The signals, while somebody else than the system decides what they do.
    pub(crate) struct TakenSignals {
        signals: Signals,
    }

    impl TakenSignals {
        /// From here on signals have no effect but to be seen here.
        pub(crate) fn take() -> io::Result<Self> {
            let mut default = lock();
            if default.is_none() {
                let is_default = Arc::new(AtomicBool::new(true));
                for signal in [SIGINT, SIGTERM] {
                    let is_default = Arc::clone(&is_default);
                    signal_hook::flag::register_conditional_default(signal, is_default)?;
                }
                *default = Some(SignalDefault {
                    is_default,
                    takers: 0,
                });
            }
            let signals = Signals::new([SIGINT, SIGTERM])?;
            count(&mut default, 1);
            Ok(Self { signals })
        }

        /// Ends [`Self::forever`].
        pub(crate) fn handle(&self) -> Handle {
            self.signals.handle()
        }

        /// Every signal as it comes.
        pub(crate) fn forever(&mut self) -> impl Iterator<Item = Pending> {
            self.signals.forever().map(Pending)
        }

        /// One that has come, if any has.
        pub(crate) fn pending(&mut self) -> Option<Pending> {
            self.signals.pending().next().map(Pending)
        }
    }

    impl Drop for TakenSignals {
        fn drop(&mut self) {
            count(&mut lock(), -1);
        }
    }

    /// A signal that has come and has had no effect yet.
    #[derive(Clone, Copy)]
    pub(crate) struct Pending(i32);

    impl Pending {
        /// Ends the process, as the signal would have.
        pub(crate) fn take_effect(self) {
            // It fails for signals that it does not know; it knows these.
            let _ = signal_hook::low_level::emulate_default_handler(self.0);
        }

        /// The signal as one that can be sent to another process.
        pub(crate) fn signal(self) -> rustix::process::Signal {
            if self.0 == SIGINT {
                rustix::process::Signal::INT
            } else {
                rustix::process::Signal::TERM
            }
        }
    }

    fn lock() -> MutexGuard<'static, Option<SignalDefault>> {
        DEFAULT.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a taker in or out; with none left, signals have their default effect.
    fn count(default: &mut Option<SignalDefault>, change: isize) {
        if let Some(default) = default {
            default.takers = default.takers.saturating_add_signed(change);
            default
                .is_default
                .store(default.takers == 0, Ordering::SeqCst);
        }
    }
}

/// Windows ends the process, and sends Ctrl-C to the whole console group by itself.
#[cfg(not(unix))]
mod elsewhere {
    use std::convert::Infallible;
    use std::io;

    pub(crate) struct TakenSignals;

    impl TakenSignals {
        pub(crate) fn take() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn pending(&mut self) -> Option<Pending> {
            None
        }
    }

    pub(crate) struct Pending(Infallible);

    impl Pending {
        pub(crate) fn take_effect(self) {
            match self.0 {}
        }
    }
}
