//! Standard output and standard error as they are handed to the program, and the one place that writes to them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Where text goes, and whether a person reads it there.
pub struct Streams {
    /// Carries the report.
    pub out: Box<dyn Write + Send>,
    /// Carries everything else.
    pub err: Box<dyn Write + Send>,
    /// Whether standard output is a terminal.
    pub out_is_terminal: bool,
    /// Whether standard error is one.
    pub err_is_terminal: bool,
}

impl Streams {
    /// The process's own.
    #[must_use]
    pub fn of_process() -> Self {
        use std::io::IsTerminal as _;
        Self {
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
        }
    }
}

/// Standard output as a place for reports: a reader who leaves early is no error.
#[derive(Clone)]
pub struct Output(Arc<Mutex<Sink>>);

struct Sink {
    stream: Box<dyn Write + Send>,
    closed: bool,
}

impl Output {
    /// Wraps a stream.
    #[must_use]
    pub fn new(stream: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(Sink { stream, closed: false })))
    }

    fn unless_closed<T>(&self, done: T, act: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sink.closed {
            return Ok(done);
        }
        match act(&mut *sink.stream) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                sink.closed = true;
                Ok(done)
            }
            result => result,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), |stream| stream.flush())
    }
}

/// Lines on standard error, one thought each. A line that cannot be written is lost: there is nowhere left to say so.
#[derive(Clone)]
pub struct Diagnostics {
    output: Output,
    quiet: bool,
    verbose: bool,
}

impl Diagnostics {
    /// Wraps standard error.
    #[must_use]
    pub fn new(stream: Box<dyn Write + Send>, quiet: bool, verbose: bool) -> Self {
        Self { output: Output::new(stream), quiet, verbose }
    }

    /// Something that has to be known.
    pub fn error(&self, message: &str) {
        self.line(&format!("error: {message}"));
    }

    /// Something worth a look, unless quiet was asked for.
    pub fn warning(&self, message: &str) {
        if !self.quiet {
            self.line(&format!("warning: {message}"));
        }
    }

    /// Something good to know, unless quiet was asked for.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            self.line(message);
        }
    }

    /// Something for those who asked for more.
    pub fn detail(&self, message: &str) {
        if self.verbose {
            self.line(message);
        }
    }

    /// Standard error as a place for reports.
    #[must_use]
    pub fn output(&self) -> Output {
        self.output.clone()
    }

    /// A line as it stands, whatever was asked for.
    pub fn line(&self, text: &str) {
        let line = format!("{}\n", crate::report::visible(text));
        let mut output = self.output.clone();
        let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_left_is_no_error_and_a_full_disk_is_one() {
        let mut closed = Output::new(Box::new(Closed));
        assert!(closed.write_all(b"report").is_ok());
        assert!(closed.flush().is_ok());
        let full = Output::new(Box::new(Full)).write_all(b"report");
        assert_eq!(full.map_err(|error| error.kind()), Err(io::ErrorKind::StorageFull));
    }
}
