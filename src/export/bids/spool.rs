//! Files that grow side by side, without being open all the time: there may be more of them than
//! a process may have open.

use std::io::Write;

use super::super::error::ExportError;
use super::super::output::Output;

/// Bytes that wait for the disk.
const ENOUGH: usize = 64 * 1024;

/// A file that grows.
#[derive(Debug)]
pub(super) struct Spool {
    name: String,
    buffer: Vec<u8>,
}

impl Spool {
    /// Makes the file `name`.
    pub(super) fn create(output: &mut Output, name: String) -> Result<Self, ExportError> {
        output.create(&name)?.flush()?;
        Ok(Self { name, buffer: Vec::new() })
    }

    /// Appends what `push` appends to the buffer.
    pub(super) fn push(
        &mut self,
        output: &Output,
        push: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), ExportError> {
        push(&mut self.buffer);
        if self.buffer.len() >= ENOUGH {
            let mut file = output.append(&self.name)?;
            file.write_all(&self.buffer)?;
            file.flush()?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Puts everything on disk.
    pub(super) fn finish(self, output: &Output) -> Result<(), ExportError> {
        let mut file = output.append(&self.name)?;
        file.write_all(&self.buffer)?;
        Ok(file.finish()?)
    }
}
