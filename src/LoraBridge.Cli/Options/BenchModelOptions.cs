using System.CommandLine;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;

namespace LoraBridge.Cli.Options;

/// <summary>The model that is measured: a file, or random weights of a shape, written for the run and deleted after it.</summary>
internal sealed class BenchModelOptions
{
    private readonly Option<string?> _model = new("--model", "-m") { Description = "GGUF model; random weights unless given.", HelpName = "BASE" };
    private readonly Option<string?> _shape = new("--shape")
    {
        Description = $"Shape of the random model: {string.Join(", ", RandomModelShape.Names)}, or LAYERSxEMBEDDINGxFEEDFORWARD; 0.5b unless given.", HelpName = "SHAPE",
    };
    private readonly Option<string?> _type = new("--type") { Description = "Type of the random weights; q4_0 unless given.", HelpName = "TYPE" };

    internal void AddTo(Command command)
    {
        command.Add(_model);
        command.Add(_shape);
        command.Add(_type);
    }

    /// <summary>Calls <paramref name="run"/> with the path of the model.</summary>
    internal T With<T>(CommandSession session, Func<string, T> run)
    {
        var random = session.IsGiven(_shape) || session.IsGiven(_type);
        if (session.Value(_model) is { } path)
            return random ? throw new UsageException("--model and --shape or --type exclude each other.") : run(session.ModelPath(path));

        var (shape, type) = (Shape(session.Value(_shape) ?? "0.5b"), Type(session.Value(_type) ?? "q4_0"));
        using var folder = new ScratchFolder();
        var file = folder["random.gguf"];
        RandomModel.Write(file, shape, type, cancellationToken: session.CancellationToken);
        return run(file);
    }

    private static RandomModelShape Shape(string text)
    {
        try
        {
            return RandomModelShape.Parse(text);
        }
        catch (ArgumentException misuse)
        {
            throw new UsageException($"--shape is '{text}': {misuse.Message}");
        }
    }

    private static GgmlType Type(string text) =>
        char.IsAsciiLetter(text.FirstOrDefault()) && Enum.TryParse<GgmlType>(text, ignoreCase: true, out var type)
            ? type
            : throw new UsageException($"--type is '{text}', expected a type such as f32, f16, bf16, q8_0, q4_0, q4_k.");
}
