using System.Globalization;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace LoraBridge.Cli.Output;

/// <summary>Draws how the loss fell, and the learning rate beside it.</summary>
/// <param name="path">The PNG file to write; null draws nothing.</param>
internal sealed class LossPlot(string? path)
{
    private const int Width = 1200;
    private const int Height = 700;

    /// <summary>From so many updates on, the losses of single ones are noise behind their running mean.</summary>
    private const int SmoothedFrom = 30;

    private static readonly Color TrainingColor = Color.FromHex("#1F6FB4");
    private static readonly Color ValidationColor = Color.FromHex("#D9541E");
    private static readonly Color RateColor = Color.FromHex("#8A8F98");

    private readonly List<Coordinates> _training = [];
    private readonly List<Coordinates> _validation = [];
    private readonly List<Coordinates> _rates = [];

    internal void Add(TrainingProgress state)
    {
        _training.Add(new Coordinates(state.Step, state.Loss));
        _rates.Add(new Coordinates(state.Step, state.LearningRate));
        if (state.ValidationLoss is { } loss)
            _validation.Add(new Coordinates(state.Step, loss));
    }

    /// <summary>Writes the file, whole or not at all, unless there is nothing to draw.</summary>
    internal void Save()
    {
        if (path is null || _training.Count == 0)
            return;
        using var plot = new Plot();
        DrawRates(plot);
        DrawTraining(plot);
        DrawValidation(plot);
        Arrange(plot);
        var image = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, overwrite: true, stream => stream.Write(image));
    }

    private void DrawRates(Plot plot)
    {
        var line = Line(plot, _rates, RateColor, "learning rate");
        line.LinePattern = LinePattern.Dashed;
        line.Axes.YAxis = plot.Axes.Right;
        plot.Axes.Right.Label.Text = "learning rate";
        plot.Axes.Right.TickGenerator = new NumericAutomatic { LabelFormatter = RateText };
    }

    private void DrawTraining(Plot plot)
    {
        if (_training.Count < SmoothedFrom)
        {
            Line(plot, _training, TrainingColor, "training").MarkerSize = 5;
            return;
        }
        Line(plot, _training, TrainingColor.WithAlpha(0.3), "training, each update");
        Line(plot, Smoothed(_training), TrainingColor, "training, running mean").LineWidth = 3;
    }

    private void DrawValidation(Plot plot)
    {
        if (_validation.Count == 0)
            return;
        var line = Line(plot, _validation, ValidationColor, "validation");
        line.LineWidth = 3;
        line.MarkerSize = 8;
        var best = _validation.MinBy(point => point.Y);
        var label = plot.Add.Text(best.Y.ToString("0.000", CultureInfo.InvariantCulture), best);
        label.LabelFontColor = ValidationColor;
        label.LabelFontSize = 16;
        label.LabelBold = true;
        label.LabelAlignment = Alignment.LowerRight;
        label.OffsetY = -10;
    }

    private static void Arrange(Plot plot)
    {
        plot.Title("Loss", 22);
        plot.XLabel("update", 16);
        plot.YLabel("cross entropy (nats)", 16);
        plot.Axes.Right.Label.FontSize = 16;
        plot.Axes.Right.Label.ForeColor = RateColor;
        plot.Axes.Right.TickLabelStyle.ForeColor = RateColor;
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
        foreach (var axis in plot.Axes.GetAxes())
            axis.TickLabelStyle.FontSize = 14;
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        plot.Axes.Margins(left: 0.01, right: 0.02, bottom: 0.12);
        plot.Axes.AutoScale();
        // Neither losses nor rates are negative.
        plot.Axes.Left.Min = Math.Max(plot.Axes.Left.Min, 0);
        plot.Axes.Right.Min = Math.Max(plot.Axes.Right.Min, 0);
        plot.Axes.Bottom.Min = Math.Max(plot.Axes.Bottom.Min, 0);
        var legend = plot.ShowLegend(Alignment.UpperRight);
        legend.FontSize = 15;
        legend.OutlineColor = Colors.Transparent;
        legend.ShadowColor = Colors.Transparent;
        legend.BackgroundColor = Colors.White.WithAlpha(0.85);
    }

    private static Scatter Line(Plot plot, List<Coordinates> points, Color color, string name)
    {
        var line = plot.Add.Scatter(points, color);
        line.LegendText = name;
        line.MarkerSize = 0;
        line.LineWidth = 2;
        return line;
    }

    /// <summary>The mean of the updates around each, as many before it as after it, up to a fortieth of all.</summary>
    private static List<Coordinates> Smoothed(List<Coordinates> points) =>
    [
        .. points.Select((point, i) =>
        {
            var reach = Math.Min(Math.Max(points.Count / 40, 2), Math.Min(i, points.Count - 1 - i));
            return point with { Y = points.Skip(i - reach).Take(2 * reach + 1).Average(other => other.Y) };
        }),
    ];

    private static string RateText(double rate) => rate == 0 ? "0" : rate.ToString("0.0e-0", CultureInfo.InvariantCulture);
}
