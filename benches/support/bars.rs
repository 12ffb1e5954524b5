//! Bars in a picture.

use std::path::Path;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::full_palette::{BLUE, GREY};

/// Bars that are compared, with the length that is aimed at.
pub(crate) struct Group<'a> {
    pub(crate) title: &'a str,
    /// How long each bar is, or why there is none.
    pub(crate) bars: [Result<f64, &'a str>; 2],
    pub(crate) mark: f64,
}

const COLORS: [RGBColor; 2] = [GREY, BLUE];

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// How high the rows of a group are, of one: the title, each bar, and what keeps the next away.
const ROW: f64 = 0.28;

/// What keeps a number away from its bar.
const GAP: f64 = 0.05;

/// Writes the groups below each other to an SVG file; `names` are those of the bars of each.
pub(crate) fn write(file: &Path, caption: &str, names: [&str; 2], groups: &[Group<'_>]) {
    let height = 150 + 62 * u32::try_from(groups.len()).unwrap();
    let root = SVGBackend::new(file, (760, height)).into_drawing_area();
    root.fill(&WHITE).unwrap();
    let lengths = groups.iter().flat_map(|group| {
        let bars = group.bars.iter().filter_map(|bar| bar.ok());
        bars.chain([group.mark])
    });
    let right = lengths.fold(0.0, f64::max) * 1.1;
    // With room for the legend.
    let bottom = f64::from(u32::try_from(groups.len()).unwrap()) + 0.9;
    let mut chart = ChartBuilder::on(&root)
        .caption(caption, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(28)
        .build_cartesian_2d(0.0..right, bottom..0.0)
        .unwrap();
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().disable_y_axis();
    mesh.x_label_formatter(&|value| format!("{value:.0}"));
    mesh.light_line_style(TRANSPARENT).draw().unwrap();
    let mut top = 0.0;
    for group in groups {
        draw(&mut chart, top, group);
        top += 1.0;
    }
    legend(&mut chart, names);
    root.present().unwrap();
}

fn draw(chart: &mut Chart<'_, '_>, top: f64, group: &Group<'_>) {
    let text = |words: String, x, y| Text::new(words, (x, y), ("sans-serif", 13));
    let title = text(group.title.to_owned(), 0.0, top + 0.06);
    chart.draw_series([title]).unwrap();
    let mut row = top + ROW;
    for (bar, color) in group.bars.iter().zip(COLORS) {
        let (length, words) = match *bar {
            Ok(length) => (length, format!("{length:.1}")),
            Err(trouble) => (0.0, trouble.to_owned()),
        };
        let corners = [(0.0, row), (length, row + ROW - 0.03)];
        let bar = Rectangle::new(corners, color.filled());
        chart.draw_series([bar]).unwrap();
        chart
            .draw_series([text(words, length + GAP, row + 0.04)])
            .unwrap();
        row += ROW;
    }
    let mark = [(group.mark, top + ROW - 0.04), (group.mark, row)];
    let mark = PathElement::new(mark, RED.stroke_width(2));
    chart.draw_series([mark]).unwrap();
}

fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>, names: [&str; 2]) {
    for (name, color) in names.into_iter().zip(COLORS) {
        let none = std::iter::empty::<Rectangle<(f64, f64)>>();
        let key = move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled());
        let series = chart.draw_series(none).unwrap();
        series.label(name).legend(key);
    }
    let none = std::iter::empty::<PathElement<(f64, f64)>>();
    let key = |(x, y)| PathElement::new([(x + 6, y - 6), (x + 6, y + 6)], RED.stroke_width(2));
    let series = chart.draw_series(none).unwrap();
    series.label("the most that is aimed at").legend(key);
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .draw()
        .unwrap();
}
