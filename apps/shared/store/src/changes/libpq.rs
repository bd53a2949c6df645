//! A connection that listens, straight on libpq: diesel's does not show its socket, so nobody could
//! wait on it. All of this crate's unsafe code is here.
//!
//! What makes it sound: a `Connection` is the only owner of its `PGconn`, which libpq allows to move
//! between threads as long as one uses it at a time, and frees it exactly once. The socket belongs to
//! libpq; tokio only watches it, and stops watching before it drops the connection, which closes it.
//! Texts from libpq are copied at once.
#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, c_char},
    os::fd::{AsRawFd, RawFd},
    ptr::NonNull,
};

use tokio::io::{Interest, unix::AsyncFd};

/// A connection that hears the notifications of one channel.
pub(super) struct Listener(AsyncFd<Connection>);

struct Connection(NonNull<pq_sys::PGconn>);

// SAFETY: libpq ties a connection to no thread; see the head of this file.
unsafe impl Send for Connection {}

impl Listener {
    /// Connects and listens. Errors are libpq's, in words.
    pub(super) async fn connect(url: &str, channel: &'static str) -> Result<Self, String> {
        let url = CString::new(url).map_err(|_| "the URL holds a NUL".to_owned())?;
        let listen = CString::new(format!("LISTEN {channel}")).expect("a channel's name holds no NUL");
        let connection = tokio::task::spawn_blocking(move || {
            let mut connection = Connection::open(&url)?;
            connection.execute(&listen)?;
            Ok::<_, String>(connection)
        })
        .await
        .map_err(|error| error.to_string())??;
        // SAFETY: the connection keeps its socket open until it is dropped, and never changes it: libpq
        // opens another only in a reset, which nobody here asks for.
        let watched = unsafe { AsyncFd::register_with_interest(connection, Interest::READABLE) };
        watched.map(Self).map_err(|error| error.to_string())
    }

    /// Waits for notifications and gives their payloads, at least one. May be dropped and called again
    /// without losing one. After an error the connection is of no use.
    pub(super) async fn next(&mut self) -> Result<Vec<String>, String> {
        loop {
            let mut ready = self.0.readable_mut().await.map_err(|error| error.to_string())?;
            // One read may bring a part of a message only, and tokio wakes us once for all that is there:
            // only reads that bring nothing, and more of them than the longest message takes, show that
            // the socket is empty.
            for _ in 0..4 {
                let connection = ready.get_inner_mut();
                connection.read()?;
                let payloads = connection.notifications();
                if !payloads.is_empty() {
                    return Ok(payloads);
                }
            }
            ready.clear_ready();
        }
    }
}

impl Connection {
    fn open(url: &CStr) -> Result<Self, String> {
        // SAFETY: `url` is a C string that outlives the call.
        let conn = unsafe { pq_sys::PQconnectdb(url.as_ptr()) };
        let connection = Self(NonNull::new(conn).ok_or("out of memory")?);
        // SAFETY: the connection is valid, here and below, until it is dropped.
        match unsafe { pq_sys::PQstatus(connection.0.as_ptr()) } {
            pq_sys::ConnStatusType::CONNECTION_OK => Ok(connection),
            _ => Err(connection.error()),
        }
    }

    fn execute(&mut self, statement: &CStr) -> Result<(), String> {
        // SAFETY: connection and C string are valid; the result is freed once, below.
        let ok = unsafe {
            let result = pq_sys::PQexec(self.0.as_ptr(), statement.as_ptr());
            let status = pq_sys::PQresultStatus(result);
            pq_sys::PQclear(result);
            status == pq_sys::ExecStatusType::PGRES_COMMAND_OK
        };
        if ok { Ok(()) } else { Err(self.error()) }
    }

    /// Takes in what has arrived; never waits.
    fn read(&mut self) -> Result<(), String> {
        // SAFETY: the connection is valid.
        let read = unsafe { pq_sys::PQconsumeInput(self.0.as_ptr()) };
        if read == 1 { Ok(()) } else { Err(self.error()) }
    }

    /// The payloads of what has arrived.
    fn notifications(&mut self) -> Vec<String> {
        let mut payloads = Vec::new();
        // SAFETY: each notification is valid until it is freed, once, after its payload was copied.
        while let Some(notification) = NonNull::new(unsafe { pq_sys::PQnotifies(self.0.as_ptr()) }) {
            payloads.push(copied(unsafe { notification.as_ref() }.extra));
            unsafe { pq_sys::PQfreemem(notification.as_ptr().cast()) };
        }
        payloads
    }

    fn error(&self) -> String {
        // SAFETY: the connection is valid; its message is a C string until the next call on it.
        copied(unsafe { pq_sys::PQerrorMessage(self.0.as_ptr()) })
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        // SAFETY: the connection is valid.
        unsafe { pq_sys::PQsocket(self.0.as_ptr()) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the only owner; nobody uses the connection after this.
        unsafe { pq_sys::PQfinish(self.0.as_ptr()) }
    }
}

/// A copy of a C string of libpq's; empty if there is none.
fn copied(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and libpq ends its texts with a NUL.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
