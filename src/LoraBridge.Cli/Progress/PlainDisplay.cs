namespace LoraBridge.Cli.Progress;

/// <summary>A line now and then: for logs.</summary>
internal sealed class PlainDisplay(TextWriter writer) : IProgressDisplay
{
    /// <summary>Lines of one phase: the first, the last, and about so many in between.</summary>
    private const int Lines = 20;

    private string? _phase;
    private int _shown;

    public T Run<T>(Func<IProgress<ProgressEvent>, T> work) => work(new InlineProgress<ProgressEvent>(Show));

    private void Show(ProgressEvent progress)
    {
        if (progress.Message is { } message)
        {
            writer.WriteLine(OneLine.Of(message));
            return;
        }
        if (progress.Phase != _phase)
        {
            _phase = progress.Phase;
            _shown = -1;
            if (progress.Step is null && progress.Bytes is null)
                writer.WriteLine(ProgressText.Of(progress));
        }
        if (progress.Step is null && progress.Bytes is null)
            return;
        var reached = (int)(progress.Fraction.GetValueOrDefault() * Lines);
        if (reached > _shown || progress.ValidationLoss is not null)
            writer.WriteLine(ProgressText.Of(progress));
        _shown = reached;
    }
}
