//! The `[[page]]` tables.

use super::route::pattern;
use crate::config::checks::form_control::selects_control;
use crate::config::read::table::{Located, Table};
use crate::config::read::value::text;
use crate::page::{PageRule, SelectorList};
use crate::route::{Pattern, Route, RouteSet};
use std::sync::Arc;

/// The compiled `[[page]]` tables. There may be none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pages {
    /// The compiled routes, for the proxy.
    pub set: RouteSet<Arc<PageRule>>,
    /// The same routes, in the order of the file, for display.
    pub described: Vec<PageDescription>,
}

/// One `[[page]]` as in the file, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageDescription {
    /// The path template or regular expression.
    pub path: String,
    /// Selectors of the elements to hide.
    pub hide: Vec<String>,
    /// Selectors of the elements to remove.
    pub remove: Vec<String>,
}

/// Reads all `[[page]]` tables. Returns `None` after reporting an error.
pub(in crate::config) fn pages(root: &mut Table<'_>) -> Option<Pages> {
    let read = root.sections("page", page).into_iter().collect::<Option<Vec<_>>>()?;
    let named = |(position, (description, pattern, rule)): (usize, (PageDescription, Pattern, PageRule))| {
        (description, Route { name: position.to_string(), pattern, rule: Arc::new(rule) })
    };
    let (described, routes) = read.into_iter().enumerate().map(named).unzip();
    let set = RouteSet::compile(routes).map_err(|error| root.error("page", error.to_string())).ok()?;
    Some(Pages { set, described })
}

fn page(table: &mut Table<'_>) -> Option<(PageDescription, Pattern, PageRule)> {
    let pattern = pattern(table);
    let (hide, remove) = (table.list_or_empty("hide", text), table.list_or_empty("remove", text));
    let (pattern, hide, remove) = (pattern?, hide?, remove?);
    if hide.is_empty() && remove.is_empty() {
        table.missing("hide", "what to hide, such as hide = [\"#keys .copy\"], or what to `remove`");
        return None;
    }
    let texts = |list: &[Located<String>]| list.iter().map(|located| located.value.clone()).collect::<Vec<_>>();
    let description = PageDescription { path: pattern.as_str().to_owned(), hide: texts(&hide), remove: texts(&remove) };
    match PageRule::new(&description.hide, &description.remove) {
        Ok(rule) => {
            for selector in remove.iter().filter(|selector| selects_control(&selector.value)) {
                let message = "may select a form control, and the next save would lose its value: write it under";
                table.warn(selector, format!("{message} `hide`, hide = [{:?}]", selector.value));
            }
            Some((description, pattern, rule))
        }
        Err(rejected) => {
            for rejected in rejected {
                let list = match rejected.list {
                    SelectorList::Hide => &hide,
                    SelectorList::Remove => &remove,
                };
                table.element_errors(list, [(rejected.position, rejected.error.to_string())]);
            }
            None
        }
    }
}
