//! Lines in a picture.

use std::path::Path;

use plotters::prelude::*;

/// One line, with what it is called.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) color: RGBColor,
    pub(crate) points: Vec<(f64, f64)>,
}

/// One picture among those that stand above each other.
pub(crate) struct Panel<'a> {
    pub(crate) title: &'a str,
    pub(crate) lines: Vec<Line<'a>>,
}

/// Writes the panels to an SVG file; they share the meaning of the x axis.
pub(crate) fn write(file: &Path, x_axis: &str, panels: &[Panel<'_>]) {
    let height = 280 * u32::try_from(panels.len()).unwrap();
    let root = SVGBackend::new(file, (760, height)).into_drawing_area();
    root.fill(&WHITE).unwrap();
    for (area, panel) in root.split_evenly((panels.len(), 1)).iter().zip(panels) {
        draw(area, x_axis, panel);
    }
    root.present().unwrap();
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    x_axis: &str,
    panel: &Panel<'_>,
) {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    let right = most(&mut points().map(|point| point.0));
    let top = most(&mut points().map(|point| point.1)) * 1.1;
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..right, 0.0..top)
        .unwrap();
    chart
        .configure_mesh()
        .x_desc(x_axis)
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .light_line_style(TRANSPARENT)
        .draw()
        .unwrap();
    for line in &panel.lines {
        let color = line.color;
        let points = line.points.iter().copied();
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))
            .unwrap()
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleRight)
        .background_style(WHITE.mix(0.8))
        .draw()
        .unwrap();
}
