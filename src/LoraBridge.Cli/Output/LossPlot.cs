using LoraBridge.Finetuning;
using ScottPlot;

namespace LoraBridge.Cli.Output;

/// <summary>Draws how the loss fell.</summary>
internal sealed class LossPlot
{
    private const int Width = 1000;
    private const int Height = 600;

    private readonly List<Coordinates> _training = [];
    private readonly List<Coordinates> _validation = [];

    internal void Add(TrainingProgress state)
    {
        _training.Add(new Coordinates(state.Step, state.Loss));
        if (state.ValidationLoss is { } loss)
            _validation.Add(new Coordinates(state.Step, loss));
    }

    /// <summary>Writes a PNG file, whole or not at all.</summary>
    internal void Save(string path)
    {
        using var plot = new Plot();
        Draw(plot, _training, "training");
        Draw(plot, _validation, "validation");
        plot.XLabel("step");
        plot.YLabel("loss (nats)");
        plot.ShowLegend(Alignment.UpperRight);
        var image = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Draw(Plot plot, List<Coordinates> points, string name)
    {
        if (points.Count > 0)
            plot.Add.Scatter(points).LegendText = name;
    }
}
