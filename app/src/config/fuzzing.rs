//! Hooks for the fuzz targets. Not part of the public API.

use std::{collections::BTreeMap, io, path::Path};

use domain::Maps;

use super::{
    Config, ConfigError, ConfigFault, maps,
    section::{Severity, Source},
};

/// What a document may refer to, in memory.
pub struct FuzzEnvironment {
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The content of files.
    pub files: fn(&Path) -> io::Result<String>,
}

impl FuzzEnvironment {
    /// Reads a configuration.
    pub fn config(&self, file: &Path, text: &str) -> Result<Config, ConfigError> {
        super::parse(&self.source(file), text)
    }

    /// Reads a file of maps, JSON where its name says so.
    pub fn maps(&self, file: &Path, text: &str) -> Result<Maps, Vec<ConfigFault>> {
        let source = self.source(file);
        let maps = maps::parse(&source, text);
        let faults = source.found(Severity::ConfigFault);
        if faults.is_empty() { Ok(maps) } else { Err(faults) }
    }

    fn source(&self, file: &Path) -> Source {
        Source { files: self.files, ..Source::of(file, self.environment.clone()) }
    }
}
