using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LoraBridge.Cli.Progress;

/// <summary>A bar that grows in place, on one line however narrow the terminal is: for terminals that can move the cursor.</summary>
internal sealed class BarDisplay(IAnsiConsole console) : IProgressDisplay
{
    /// <summary>Terminals of fewer columns show no bar: the words say more.</summary>
    private const int NarrowestForBar = 40;

    public T Run<T>(Func<IProgress<ProgressEvent>, T> work)
    {
        var hasBar = console.Profile.Width >= NarrowestForBar;
        ProgressColumn[] columns = hasBar ? [new Words(reserved: 17), new ProgressBarColumn(), new Percentage()] : [new Words(reserved: 6), new Percentage()];
        return console.Progress().AutoClear(true).Columns(columns).Start(context =>
        {
            // A task without words is refused, and nothing has been reported yet.
            var task = context.AddTask("starting", maxValue: 1);
            task.IsIndeterminate = true;
            return work(new InlineProgress<ProgressEvent>(progress =>
            {
                if (progress.Message is { } message)
                {
                    console.WriteLine(OneLine.Of(message));
                    return;
                }
                task.Description = ProgressText.Of(progress);
                task.IsIndeterminate = progress.Fraction is null;
                task.Value = progress.Fraction ?? 0;
            }));
        });
    }

    /// <summary>What is being done, cut where the other columns begin.</summary>
    private sealed class Words(int reserved) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            var room = Math.Max(options.ConsoleSize.Width - reserved, 1);
            return new Text(task.Description.Length <= room ? task.Description : $"{task.Description.AsSpan(0, room - 1)}…");
        }
    }

    /// <summary>The share that is done, where it is known.</summary>
    private sealed class Percentage : ProgressColumn
    {
        public override int? GetColumnWidth(RenderOptions options) => 4;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.IsIndeterminate ? "" : string.Create(CultureInfo.InvariantCulture, $"{(int)task.Percentage,3}%"));
    }
}
