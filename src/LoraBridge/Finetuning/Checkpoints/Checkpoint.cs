using System.Globalization;
using System.Text.Json;
using LoraBridge.Merging;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>A checkpoint on disk, found complete.</summary>
internal sealed record Checkpoint(string Directory, CheckpointState State)
{
    public const string Prefix = "checkpoint-";
    public const string StateFile = "state.json";
    public const string BestFile = "best.gguf";
    public const string OptimizerFile = "optimizer.gguf";

    public static string NameOf(int step) => Prefix + step.ToString("D6", CultureInfo.InvariantCulture);

    public static string FirstMoment(int parameter) => $"first.{parameter}";

    public static string SecondMoment(int parameter) => $"second.{parameter}";

    /// <summary>Checkpoints in a folder, by falling step; whether they are complete is another question.</summary>
    public static IReadOnlyList<(string Path, int Step)> In(string folder) => System.IO.Directory.Exists(folder)
        ? [.. new DirectoryInfo(folder).EnumerateDirectories(Prefix + "*")
            .Select(entry => (entry.FullName, int.TryParse(entry.Name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1))
            .Where(entry => entry.Item2 >= 0)
            .OrderByDescending(entry => entry.Item2)]
        : [];

    /// <summary>Reads a checkpoint, or the newest complete one in a folder.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is not a complete checkpoint and has none; the message says why.</exception>
    public static Checkpoint Find(string path)
    {
        path = Path.GetFullPath(path);
        if (!System.IO.Directory.Exists(path))
            throw new DirectoryNotFoundException($"There is no folder {path}.");
        if (File.Exists(Path.Combine(path, StateFile)))
            return Read(path);
        List<string> problems = [];
        foreach (var (candidate, _) in In(path))
        {
            try
            {
                return Read(candidate);
            }
            catch (InvalidDataException fault)
            {
                problems.Add(fault.Message);
            }
        }
        throw new InvalidDataException(problems.Count > 0
            ? $"{path} has no complete checkpoint: {string.Join("; ", problems)}."
            : $"{path} has no checkpoint, expected folders {Prefix}NUMBER.");
    }

    /// <summary>Puts a training back to where it was. Returns the best values, if there are some.</summary>
    public float[][]? Restore(ICheckpointed training)
    {
        using var trained = GgufFile.Open(Path.Combine(Directory, training.CheckpointFile));
        using var moments = GgufFile.Open(Path.Combine(Directory, OptimizerFile));
        var optimizer = training.Trainer.Optimizer;
        for (var i = 0; i < training.Parameters.Count; i++)
        {
            TensorReader.ReadFloats(trained, training.Parameters[i].Name).CopyTo(training.Parameters[i].EditValues());
            optimizer.SetMoments(i, TensorReader.ReadFloats(moments, FirstMoment(i)), TensorReader.ReadFloats(moments, SecondMoment(i)));
        }
        optimizer.Steps = State.Step;
        if (State.Run.BestLoss is null)
            return null;
        using var best = GgufFile.Open(Path.Combine(Directory, State.Files.ContainsKey(BestFile) ? BestFile : training.CheckpointFile));
        return [.. training.Parameters.Select(parameter => TensorReader.ReadFloats(best, parameter.Name))];
    }

    private static Checkpoint Read(string directory)
    {
        var state = ReadState(Path.Combine(directory, StateFile));
        foreach (var (name, expected) in state.Files)
        {
            var path = Path.Combine(directory, Path.GetFileName(name));
            if (!File.Exists(path))
                throw new InvalidDataException($"{path} is missing");
            if (Fingerprint.OfFile(path) != expected)
                throw new InvalidDataException($"{path} is damaged: its SHA-256 is not the one in {StateFile}");
        }
        return new Checkpoint(directory, state);
    }

    private static CheckpointState ReadState(string path)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"{path} is missing");
        try
        {
            using var stream = File.OpenRead(path);
            var state = JsonSerializer.Deserialize(stream, CheckpointJson.Default.CheckpointState)
                ?? throw new InvalidDataException($"{path} is empty");
            return state.Version == CheckpointState.CurrentVersion
                ? state
                : throw new InvalidDataException($"{path} has version {state.Version}, expected {CheckpointState.CurrentVersion}");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path} is damaged: {fault.Message}", fault);
        }
    }
}
