//! Faults of the API: requests that fail although nothing is wrong with them.

use std::collections::VecDeque;

use super::Problem;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, such as 500 or 429, and nothing is done.
    Status(u16),
    /// It is not answered, until the client gives up, and nothing is done.
    Hang,
    /// It is done, and not answered until the client gives up.
    LostAnswer,
}

impl Fault {
    /// As it is written in forms: a status, `hang` or `lost_answer`.
    pub(crate) fn read(name: &str) -> Result<Fault, Problem> {
        match (name, name.parse()) {
            ("hang", _) => Ok(Fault::Hang),
            ("lost_answer", _) => Ok(Fault::LostAnswer),
            (_, Ok(status @ 400..600)) => Ok(Fault::Status(status)),
            _ => {
                let choices = "a status from 400 to 599, hang, lost_answer";
                Err(Problem::invalid(format!("There is no fault `{name}`; there are: {choices}.")).at("fault"))
            }
        }
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: VecDeque<Planned>,
}

#[derive(Debug)]
struct Planned {
    /// What the path holds; nothing for any path.
    of: String,
    fault: Fault,
    times: u32,
}

impl Faults {
    pub(crate) fn plan(&mut self, of: &str, times: u32, fault: Fault) {
        if times > 0 {
            self.planned.push_back(Planned { of: of.to_owned(), fault, times });
        }
    }

    /// What happens to a request to this path and query.
    pub(crate) fn take(&mut self, target: &str) -> Option<Fault> {
        let place = self.planned.iter().position(|planned| target.contains(&planned.of))?;
        let planned = &mut self.planned[place];
        let fault = planned.fault;
        planned.times -= 1;
        if planned.times == 0 {
            self.planned.remove(place);
        }
        Some(fault)
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    /// How many requests are still to fail.
    pub(crate) fn left(&self) -> u32 {
        self.planned.iter().map(|planned| planned.times).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults};

    #[test]
    fn a_fault_hits_as_many_requests_as_planned_and_only_those_it_is_for() {
        let mut faults = Faults::default();
        faults.plan("cus_1", 1, Fault::Hang);
        faults.plan("", 2, Fault::Status(500));
        assert_eq!(faults.take("/v1/customers/cus_2"), Some(Fault::Status(500)));
        assert_eq!(faults.take("/v1/customers/cus_1"), Some(Fault::Hang));
        assert_eq!(faults.take("/v1/customers/cus_1"), Some(Fault::Status(500)));
        assert_eq!(faults.take("/v1/customers/cus_1"), None);
    }
}
