//! The shared record: file, disclose, versions and labels.
