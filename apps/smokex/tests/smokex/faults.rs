//! Faults: processes are killed, held or stopped, and what they stand on goes away, while runs are under way.
//! Whatever happens, no accepted run may be lost and no POST may be sent twice by our doing.
//!
//! Real processes, real databases, real sockets. A scenario belongs here, one per file; what the program does
//! on a good day belongs into the files beside this one.
//!
//! `FAULTS=long` makes many faults (`script/test faults`), else there are few. The moments are random:
//! `FAULTS_SEED` gives the seed that an earlier run has told.

mod calendar;
mod clock;
mod crowd;
mod disk;
mod exhaustion;
mod fleet;
mod form;
mod hold;
mod kill;
mod load;
mod outage;
mod shop;
mod stop;
mod verdict;
mod world;
