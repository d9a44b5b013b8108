//! The `[[page]]` tables.

use super::route::pattern;
use crate::config::checks::form_control::selects_control;
use crate::config::read::table::{Located, Table};
use crate::config::read::value::text;
use crate::page::{PageRule, SelectorList};
use crate::route::{Pattern, Route, RouteSet};
use std::sync::Arc;

/// The routes of pages; there may be none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pages {
    /// For the proxy: what to match requests with.
    pub set: RouteSet<Arc<PageRule>>,
    /// For people: the same routes in the same order, as they were written.
    pub described: Vec<PageDescription>,
}

/// A page's route as it was written, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageDescription {
    /// Its path, or its expression.
    pub path: String,
    /// What is hidden.
    pub hide: Vec<String>,
    /// What is removed.
    pub remove: Vec<String>,
}

/// Reads every `[[page]]`. `None` with at least one problem noted.
pub(in crate::config) fn pages(root: &mut Table<'_>) -> Option<Pages> {
    let read = root.sections("page", page).into_iter().collect::<Option<Vec<_>>>()?;
    let named = |(position, (description, pattern, rule)): (usize, (PageDescription, Pattern, PageRule))| {
        (description, Route { name: position.to_string(), pattern, rule: Arc::new(rule) })
    };
    let (described, routes) = read.into_iter().enumerate().map(named).unzip();
    match RouteSet::compile(routes) {
        Ok(set) => Some(Pages { set, described }),
        Err(error) => {
            root.error("page", error.to_string());
            None
        }
    }
}

const REMOVES_CONTROL: &str =
    "may be a form's control, without which the next save stores nothing for it: write it under `hide`,";

fn page(table: &mut Table<'_>) -> Option<(PageDescription, Pattern, PageRule)> {
    let pattern = pattern(table);
    let (has_hide, has_remove) = (table.contains("hide"), table.contains("remove"));
    let hide = table.list("hide", text).or_else(|| (!has_hide).then(Vec::new));
    let remove = table.list("remove", text).or_else(|| (!has_remove).then(Vec::new));
    let (pattern, hide, remove) = (pattern?, hide?, remove?);
    if hide.is_empty() && remove.is_empty() {
        table.missing("hide", "what to hide, such as hide = [\"#keys .copy\"], or what to `remove`");
        return None;
    }
    let written = |given: &[Located<String>]| given.iter().map(|given| given.value.clone()).collect::<Vec<_>>();
    let description =
        PageDescription { path: pattern.as_str().to_owned(), hide: written(&hide), remove: written(&remove) };
    match PageRule::new(&description.hide, &description.remove) {
        Ok(rule) => {
            for given in remove.iter().filter(|given| selects_control(&given.value)) {
                table.warn(given, format!("{REMOVES_CONTROL} hide = [{:?}]", given.value));
            }
            Some((description, pattern, rule))
        }
        Err(refused) => {
            for refused in refused {
                let list = match refused.list {
                    SelectorList::Hide => &hide,
                    SelectorList::Remove => &remove,
                };
                if let Some(given) = list.get(refused.position) {
                    table.error(given, refused.error.to_string());
                }
            }
            None
        }
    }
}
