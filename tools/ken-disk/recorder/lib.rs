//! The recorder: stands between a process and its libc (`LD_PRELOAD`) and writes down what the
//! process does to the files of the folder that `KEN_DISK_DIR` names, into the file that
//! `KEN_DISK_JOURNAL` names. What is written to the file `said` there is a mark, not a file.
//!
//! It is loaded into children of tests alone. Every function does what libc's would, by the
//! system call itself, and then writes its line; both under one lock, so that the journal has one
//! order. Shared memory (`-shm`) is made anew after a power cut and left out.
//!
//! # Sources
//!
//! - POSIX.1-2017, the functions by name; `ld.so(8)`.

#![expect(unsafe_code, reason = "a function that replaces one of libc cannot be safe")]
#![expect(clippy::missing_safety_doc, reason = "the contract is libc's")]
#![expect(clippy::disallowed_methods, reason = "the test says by the environment what to record")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::{AT_FDCWD, mode_t, off_t, size_t, ssize_t};

/// What a file is that the process has open.
#[derive(Debug, Clone, Copy)]
enum Open {
    File(u64),
    Folder,
    Said,
}

#[derive(Debug, Default)]
struct State {
    dir: Vec<u8>,
    journal: c_int,
    open: BTreeMap<c_int, Open>,
    /// Numbers of files by device-independent inode.
    files: BTreeMap<u64, u64>,
    next: u64,
}

fn state() -> MutexGuard<'static, State> {
    static STATE: OnceLock<Mutex<State>> = OnceLock::new();
    let state = STATE.get_or_init(|| {
        let mut state = State { journal: -1, ..State::default() };
        let named = std::env::var("KEN_DISK_DIR").ok().zip(std::env::var("KEN_DISK_JOURNAL").ok());
        if let Some((dir, journal)) = named {
            state.dir = dir.into_bytes();
            let mut path = journal.into_bytes();
            path.push(0);
            let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_APPEND | libc::O_CLOEXEC;
            // SAFETY: the path ends in a zero.
            let fd =
                unsafe { libc::syscall(libc::SYS_openat, AT_FDCWD, path.as_ptr(), flags, 0o600) };
            state.journal = c_int::try_from(fd).unwrap_or(-1);
        }
        Mutex::new(state)
    });
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn note(&self, line: &str) {
        let mut left = line.as_bytes();
        while !left.is_empty() && self.journal >= 0 {
            // SAFETY: the bytes live as long as the call.
            let done =
                unsafe { libc::syscall(libc::SYS_write, self.journal, left.as_ptr(), left.len()) };
            let Ok(done) = usize::try_from(done) else { return };
            left = left.get(done..).unwrap_or_default();
        }
    }

    /// The name within the folder; empty for the folder itself; none elsewhere.
    fn name(&self, path: *const c_char) -> Option<String> {
        if self.journal < 0 || path.is_null() {
            return None;
        }
        // SAFETY: libc's callers give paths that end in a zero.
        let path = unsafe { CStr::from_ptr(path) }.to_bytes();
        let rest = path.strip_prefix(self.dir.as_slice())?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix(b"/")? };
        let name = String::from_utf8(rest.to_vec()).ok()?;
        (!name.ends_with("-shm") && !name.contains(['/', ' '])).then_some(name)
    }

    fn opened(&mut self, fd: c_int, path: *const c_char, flags: c_int) {
        let Some(name) = self.name(path).filter(|_| fd >= 0) else { return };
        let open = match name.as_str() {
            "" => Open::Folder,
            "said" => Open::Said,
            name => {
                let inode = inode(fd);
                let known = self.files.get(&inode).copied();
                let file = known.unwrap_or_else(|| {
                    self.next += 1;
                    self.files.insert(inode, self.next);
                    self.next
                });
                self.note(&format!("c {file} {name}\n"));
                if flags & libc::O_TRUNC != 0 {
                    self.note(&format!("t {file} 0\n"));
                }
                Open::File(file)
            }
        };
        self.open.insert(fd, open);
    }

    fn wrote(&self, fd: c_int, at: i64, bytes: *const c_void, done: ssize_t) {
        let (Some(open), Ok(len)) = (self.open.get(&fd), usize::try_from(done)) else { return };
        // SAFETY: the system has just read as many bytes from there.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), len) };
        match open {
            Open::File(file) => {
                let mut line = format!("w {file} {at} ");
                for byte in bytes {
                    let _ = write!(line, "{byte:02x}");
                }
                line.push('\n');
                self.note(&line);
            }
            Open::Said => {
                let text = String::from_utf8_lossy(bytes);
                for line in text.lines() {
                    self.note(&format!("m {line}\n"));
                }
            }
            Open::Folder => {}
        }
    }

    fn synced(&self, fd: c_int, done: c_int) {
        match self.open.get(&fd) {
            Some(Open::File(file)) if done == 0 => self.note(&format!("s {file}\n")),
            Some(Open::Folder) if done == 0 => self.note("d\n"),
            _ => {}
        }
    }
}

fn inode(fd: c_int) -> u64 {
    // SAFETY: all zeroes is a `stat`, and the call fills it in.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` lives as long as the call.
    unsafe { libc::fstat(fd, &raw mut stat) };
    stat.st_ino
}

fn int(done: libc::c_long) -> c_int {
    c_int::try_from(done).unwrap_or(-1)
}

fn opening(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let mut state = state();
    // SAFETY: the arguments are the caller's.
    let fd = int(unsafe { libc::syscall(libc::SYS_openat, dir, path, flags, mode) });
    state.opened(fd, path, flags);
    fd
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    opening(AT_FDCWD, path, flags, mode)
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    opening(AT_FDCWD, path, flags, mode)
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    let mut state = state();
    state.open.remove(&fd);
    // SAFETY: the descriptor is the caller's.
    int(unsafe { libc::syscall(libc::SYS_close, fd) })
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, len: size_t) -> ssize_t {
    let state = state();
    let at = match state.open.get(&fd) {
        // SAFETY: it asks for a position and changes none.
        Some(Open::File(_)) => unsafe { libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR) },
        _ => 0,
    };
    // SAFETY: the arguments are the caller's.
    let done = unsafe { libc::syscall(libc::SYS_write, fd, bytes, len) };
    let done = ssize_t::try_from(done).unwrap_or(-1);
    state.wrote(fd, at, bytes, done);
    done
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    fd: c_int,
    bytes: *const c_void,
    len: size_t,
    at: off_t,
) -> ssize_t {
    let state = state();
    // SAFETY: the arguments are the caller's.
    let done = unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, len, at) };
    let done = ssize_t::try_from(done).unwrap_or(-1);
    state.wrote(fd, at, bytes, done);
    done
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    fd: c_int,
    bytes: *const c_void,
    len: size_t,
    at: off_t,
) -> ssize_t {
    // SAFETY: as the caller promises.
    unsafe { pwrite(fd, bytes, len, at) }
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, len: off_t) -> c_int {
    let state = state();
    // SAFETY: the arguments are the caller's.
    let done = int(unsafe { libc::syscall(libc::SYS_ftruncate, fd, len) });
    if let (Some(Open::File(file)), 0) = (state.open.get(&fd), done) {
        state.note(&format!("t {file} {len}\n"));
    }
    done
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, len: off_t) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { ftruncate(fd, len) }
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    let state = state();
    // SAFETY: the descriptor is the caller's.
    let done = int(unsafe { libc::syscall(libc::SYS_fsync, fd) });
    state.synced(fd, done);
    done
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    let state = state();
    // SAFETY: the descriptor is the caller's.
    let done = int(unsafe { libc::syscall(libc::SYS_fdatasync, fd) });
    state.synced(fd, done);
    done
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let state = state();
    // SAFETY: the arguments are the caller's.
    let done = int(unsafe { libc::syscall(libc::SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0) });
    if let (Some(from), Some(to), 0) = (state.name(from), state.name(to), done) {
        state.note(&format!("r {from} {to}\n"));
    }
    done
}

/// libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let mut state = state();
    // SAFETY: all zeroes is a `stat`, and the call fills it in.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the path is the caller's, and `stat` lives as long as the call.
    unsafe { libc::stat(path, &raw mut stat) };
    // SAFETY: the arguments are the caller's.
    let done = int(unsafe { libc::syscall(libc::SYS_unlinkat, AT_FDCWD, path, 0) });
    if let (Some(name), 0) = (state.name(path), done) {
        state.note(&format!("u {name}\n"));
        // An inode that is free may come again as another file.
        state.files.remove(&stat.st_ino);
    }
    done
}
