//! The services of the sandbox, asked over the wire by a bare client.

mod access;
mod client;
mod store;
mod workspace;
