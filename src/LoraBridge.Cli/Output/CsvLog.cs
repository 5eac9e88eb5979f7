using System.Globalization;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Output;

/// <summary>A table with a row for each update, separated by commas; numbers of the invariant culture, as many digits as they have.</summary>
internal sealed class CsvLog : TrainingLog
{
    private const string Header = "step,epoch,loss,validation_loss,learning_rate,gradient_norm,tokens_per_second,elapsed_seconds";

    private readonly FileStream _file;
    private readonly StreamWriter _writer;
    private readonly bool _goesOn;
    private bool _begun;

    internal CsvLog(string path, bool goesOn)
    {
        _goesOn = goesOn;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        _writer = new StreamWriter(_file) { NewLine = "\n", AutoFlush = true };
    }

    internal override void Add(TrainingProgress state)
    {
        if (!_begun)
            Begin(state.Step);
        _begun = true;
        _writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{state.Step},{state.Epoch},{state.Loss},{state.ValidationLoss},{state.LearningRate},{state.GradientNorm},{state.TokensPerSecond},{state.Elapsed.TotalSeconds}"));
    }

    public override void Dispose() => _writer.Dispose();

    /// <summary>A training that goes on repeats the updates since its checkpoint: their rows are written anew.</summary>
    private void Begin(int step)
    {
        List<string> kept = [Header];
        if (_goesOn)
        {
            using var reader = new StreamReader(_file, leaveOpen: true);
            while (reader.ReadLine() is { } line)
            {
                if (int.TryParse(line.AsSpan(0, Math.Max(line.IndexOf(',', StringComparison.Ordinal), 0)), NumberStyles.None, CultureInfo.InvariantCulture, out var earlier) && earlier < step)
                    kept.Add(line);
            }
        }
        _file.SetLength(0);
        foreach (var line in kept)
            _writer.WriteLine(line);
    }
}
