using Spectre.Console;

namespace LoraBridge.Cli.Progress;

/// <summary>A bar that grows in place: for terminals.</summary>
internal sealed class BarDisplay(IAnsiConsole console) : IProgressDisplay
{
    public T Run<T>(Func<IProgress<ProgressEvent>, T> work) => console.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
        .Start(context =>
        {
            var task = context.AddTask("", maxValue: 1);
            return work(new InlineProgress<ProgressEvent>(progress =>
            {
                if (progress.Message is { } message)
                {
                    console.WriteLine(OneLine.Of(message));
                    return;
                }
                task.Description = Markup.Escape(ProgressText.Of(progress));
                task.Value = progress.Fraction;
            }));
        });
}
