using LoraBridge.Model;

namespace LoraBridge.Cli.Progress;

/// <summary>Passes on how far a model is loaded, once for each percent: llama.cpp reports every tensor.</summary>
internal sealed class LoadingPercents(IProgress<ProgressEvent> progress) : IProgress<ModelLoadingProgress>
{
    private int _percent = -1;

    public void Report(ModelLoadingProgress value)
    {
        var percent = (int)(value.Fraction * 100);
        if (percent <= _percent)
            return;
        _percent = percent;
        progress.Report(new ProgressEvent("load", value.Fraction));
    }
}
