//! The ways the program reads objects, so that what holds for one is tested in all.

/// By one connection or in parts, the bytes hashed where they come or beside, and with the least memory.
pub const MODES: [&str; 5] = [
    "--parts 1",
    "--parts 1 --hashing beside",
    "--parts 4 --part-size 1kB --hashing inline",
    "--parts 3 --part-size 1kB --hashing beside",
    "--part-size 1kB --memory 1MiB",
];
