//! The figures, and how they are printed.

use bodies::Body;

/// The body that is too small for GB/s to say much.
const SMALL: &str = "small";

pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) body: Body,
    /// By row.
    pub(crate) seconds: Vec<f64>,
}

pub(crate) struct Table {
    pub(crate) rows: Vec<&'static str>,
    pub(crate) columns: Vec<Column>,
}

impl Table {
    fn cell(&self, row: &str, column: &str) -> (&Column, f64) {
        let row = self.rows.iter().position(|name| *name == row).expect("a row of this table");
        let column = self.columns.iter().find(|known| known.name == column).expect("a column of this table");
        (column, column.seconds[row])
    }

    /// In GB/s of input.
    pub(crate) fn speed(&self, row: &str, column: &str) -> f64 {
        let (column, seconds) = self.cell(row, column);
        column.body.text.len() as f64 / seconds / 1e9
    }

    pub(crate) fn nanoseconds(&self, row: &str, column: &str) -> f64 {
        self.cell(row, column).1 * 1e9
    }

    /// Each cell with its ratio to the first row, in Markdown, which is also easy to read as it is.
    pub(crate) fn print(&self) {
        let heads = self.columns.iter().map(|column| {
            let unit = if column.name == SMALL { "ns" } else { "GB/s" };
            format!("{} ({}), {unit}", column.name, size(column.body.text.len()))
        });
        let mut lines = vec![std::iter::once("engine".to_owned()).chain(heads).collect::<Vec<_>>()];
        for row in &self.rows {
            let cells = self.columns.iter().map(|column| {
                let ratio = self.speed(row, column.name) / self.speed(self.rows[0], column.name);
                match column.name {
                    SMALL => format!("{:.0} ({ratio:.3})", self.nanoseconds(row, column.name)),
                    _ => format!("{:.2} ({ratio:.3})", self.speed(row, column.name)),
                }
            });
            lines.push(std::iter::once((*row).to_owned()).chain(cells).collect());
        }
        let widths: Vec<usize> =
            (0..lines[0].len()).map(|cell| lines.iter().map(|line| line[cell].len()).max().unwrap_or(0)).collect();
        lines.insert(1, widths.iter().enumerate().map(|(cell, width)| rule(cell, *width)).collect());
        for line in lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(number, (cell, width))| match number {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            });
            println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
        }
    }
}

fn rule(cell: usize, width: usize) -> String {
    match cell {
        0 => "-".repeat(width),
        _ => "-".repeat(width - 1) + ":",
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
