//! Which plans of a server are meant: by name, by id, or by the file that holds them here.

use std::path::{Path, PathBuf};

use domain::PlanId;

use crate::{
    folder::{Folder, LocalPlan, is_plan_path},
    giving_up::GivingUp,
    remote::{Remote, RemotePlanRow, ambiguous},
};

/// A plan of the server.
pub struct Chosen {
    /// As it was typed; the file, where nothing was.
    pub shown: String,
    pub id: PlanId,
    pub name: String,
}

/// What was typed, as far as it can be told without the server.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Id(PlanId),
    Name(String),
}

/// Finds all of them; without any, those that the folder holds.
pub async fn choose(remote: &Remote, typed: &[PathBuf], folder: Option<&Path>) -> Result<Vec<Chosen>, GivingUp> {
    let wanted = if typed.is_empty() {
        let plans = Folder::find(folder).and_then(|folder| folder.plans()).map_err(GivingUp::wrong)?;
        plans.into_iter().map(|plan| (plan.file.shown(), Wanted::Name(plan.name))).collect()
    } else {
        typed.iter().map(|typed| want(typed)).collect::<Result<Vec<_>, _>>().map_err(GivingUp::wrong)?
    };
    if wanted.is_empty() {
        return Err(GivingUp::wrong("The folder holds no plan, so there is nothing to run."));
    }
    let rows = remote.plans().await?;
    let (mut chosen, mut sentences) = (Vec::new(), Vec::new());
    for (shown, wanted) in wanted {
        match find(&rows, &wanted) {
            Ok(row) => chosen.push(Chosen { shown, id: row.id, name: row.name.clone() }),
            Err(sentence) => sentences.push(sentence),
        }
    }
    if sentences.is_empty() { Ok(chosen) } else { Err(GivingUp::wrong(sentences.join("\n"))) }
}

fn want(typed: &Path) -> Result<(String, Wanted), String> {
    let shown = typed.display().to_string();
    let wanted = if let Ok(id) = shown.parse() {
        Wanted::Id(id)
    } else if is_plan_path(typed) && typed.is_file() {
        Wanted::Name(LocalPlan::read(typed)?.name)
    } else {
        Wanted::Name(shown.clone())
    };
    Ok((shown, wanted))
}

fn find<'r>(rows: &'r [RemotePlanRow], wanted: &Wanted) -> Result<&'r RemotePlanRow, String> {
    let found: Vec<&RemotePlanRow> = rows
        .iter()
        .filter(|row| match wanted {
            Wanted::Id(id) => row.id == *id,
            Wanted::Name(name) => row.name == *name,
        })
        .collect();
    match (found.as_slice(), wanted) {
        ([row], _) => Ok(row),
        ([], Wanted::Id(id)) => Err(format!("The server has no plan {id}.")),
        ([], Wanted::Name(name)) => {
            Err(format!("The server has no plan called `{name}`. `smokex push` brings it those of the folder."))
        }
        (several, _) => Err(format!("{} Or name one by its id.", ambiguous(&several[0].name, several))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> RemotePlanRow {
        RemotePlanRow { id: PlanId::new(), name: name.to_owned() }
    }

    #[test]
    fn a_plan_is_meant_by_its_name_its_id_or_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yml");
        std::fs::write(&file, "name: Players\nsteps:\n  - get: { url: https://example.com }\n").unwrap();
        let id = PlanId::new();
        let wanted = |typed: &Path| want(typed).unwrap().1;
        assert_eq!(wanted(&file), Wanted::Name("Players".to_owned()));
        assert_eq!(wanted(Path::new(&id.to_string())), Wanted::Id(id));
        assert_eq!(wanted(Path::new("Log in")), Wanted::Name("Log in".to_owned()));
        assert_eq!(
            wanted(&folder.path().join("b.yml")),
            Wanted::Name(folder.path().join("b.yml").display().to_string())
        );
    }

    #[test]
    fn of_two_plans_with_one_name_each_has_its_id() {
        let rows = [row("a"), row("b"), row("a")];
        let name = |name: &str| Wanted::Name(name.to_owned());
        assert_eq!(find(&rows, &name("b")).unwrap().id, rows[1].id);
        assert_eq!(find(&rows, &Wanted::Id(rows[2].id)).unwrap().id, rows[2].id);
        let error = find(&rows, &name("a")).unwrap_err();
        assert!(error.contains(&rows[0].id.to_string()) && error.contains(&rows[2].id.to_string()), "{error}");
        assert!(find(&rows, &name("c")).unwrap_err().contains("no plan called `c`"));
        assert!(find(&rows, &Wanted::Id(PlanId::new())).is_err());
    }
}
