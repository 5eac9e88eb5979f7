using LoraBridge.Cli.Output;

namespace LoraBridge.Cli.Progress;

/// <summary>Each event as a JSON object on a line.</summary>
internal sealed class JsonDisplay(TextWriter writer) : IProgressDisplay
{
    public T Run<T>(Func<IProgress<ProgressEvent>, T> work) => work(new InlineProgress<ProgressEvent>(Show));

    private void Show(ProgressEvent progress) => JsonOutput.WriteLine(writer, json =>
    {
        json.WriteString("phase", progress.Phase);
        json.WriteFinite("fraction", progress.Fraction);
        Write("epoch", progress.Epoch);
        Write("step", progress.Step);
        Write("steps", progress.Steps);
        Write("loss", progress.Loss);
        Write("validationLoss", progress.ValidationLoss);
        Write("learningRate", progress.LearningRate);
        Write("gradientNorm", progress.GradientNorm);
        Write("tokensPerSecond", progress.TokensPerSecond);
        Write("bytes", progress.Bytes);
        Write("totalBytes", progress.TotalBytes);
        Write("bytesPerSecond", progress.BytesPerSecond);
        if (progress.Message is { } message)
            json.WriteString("message", message);
        Write("remainingSeconds", progress.Remaining?.TotalSeconds);

        void Write(string name, double? value)
        {
            if (value is not null)
                json.WriteFinite(name, value);
        }
    });
}
