//! How many live streams each organization may have open, and how many requests may wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::OrganizationId;

use crate::error::WebError;

/// One of the streams an organization may have open, given back on drop.
pub(crate) struct Place {
    streams: Arc<Mutex<HashMap<OrganizationId, usize>>>,
    organization: OrganizationId,
}

impl Place {
    /// # Errors
    /// If as many are open as there may be.
    pub(crate) fn take(
        streams: &Arc<Mutex<HashMap<OrganizationId, usize>>>,
        organization: OrganizationId,
        most: usize,
    ) -> Result<Self, WebError> {
        let mut open = streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(organization).or_default();
        if *count >= most {
            return Err(WebError::Busy);
        }
        *count += 1;
        Ok(Self { streams: Arc::clone(streams), organization })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.organization) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.organization);
            }
        }
    }
}
