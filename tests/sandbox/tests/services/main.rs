//! Both services of the sandbox, asked over the wire by a bare client.

mod client;
mod store;
mod workspace;
