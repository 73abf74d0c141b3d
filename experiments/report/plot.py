"""The look that all plots of a report share; what they show is the sections' affair.

Bokeh is an extra: it is imported where it is used, and its absence is refused with the way to get it.
"""

from typing import TYPE_CHECKING, Final

from emulator.errors import ConfigError

if TYPE_CHECKING:
    from bokeh.models import Range
    from bokeh.plotting import figure

__all__ = ["FONT", "new_plot", "require_bokeh"]

FONT: Final = "Helvetica Neue, Helvetica, Arial, sans-serif"
_INK, _FAINT, _GRID = "#1d2733", "#6b7684", "#e4e8ec"


def require_bokeh() -> None:
    """Raise ``ConfigError`` when Bokeh is not installed."""
    try:
        import bokeh as _  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "report: the package bokeh is not installed; install the extra: pip install 'lightloop[report]'"
        ) from error


def new_plot(
    height: int,
    labels: tuple[str, str],
    x_range: "Range",
    y_range: "Range | None" = None,
    tools: str = "",
) -> "figure":
    """Return an empty plot as wide as the page, ``height`` px high; ``labels`` are those of x and of y.

    Without a ``y_range`` the vertical axis fits what is drawn.
    """
    from bokeh.models import DataRange1d
    from bokeh.plotting import figure

    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        tools=tools,
        x_axis_label=labels[0],
        y_axis_label=labels[1],
        x_range=x_range,
        y_range=DataRange1d() if y_range is None else y_range,
        toolbar_location="above" if tools else None,
        output_backend="canvas",
        outline_line_color=None,
        background_fill_color=None,
        border_fill_color=None,
    )
    plot.toolbar.logo = None
    plot.min_border_right = 28  # the last tick's label is centred on the plot's edge
    plot.grid.grid_line_color = _GRID
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
        axis.axis_label_text_color = axis.major_label_text_color = _INK
        axis.axis_line_color = axis.major_tick_line_color = _FAINT
        axis.minor_tick_line_color = None
    return plot
