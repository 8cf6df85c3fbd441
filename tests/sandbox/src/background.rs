//! A thread with a runtime of its own; it ends when this is dropped.

use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub(crate) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Calls `begin` within the runtime, where it may spawn tasks.
    pub(crate) fn run(name: &str, begin: impl FnOnce() + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("the system gives a runtime what it needs");
                runtime.block_on(async {
                    begin();
                    // Sent or dropped: either way it is over.
                    let _ = stopped.await;
                });
            })
            .expect("the system gives a thread");
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed when it happened; a second one here would hide the test's own.
            let _ = thread.join();
        }
    }
}
