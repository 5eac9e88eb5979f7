using System.Runtime.InteropServices;
using System.Text.Json;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>
/// Saves checkpoints, each a folder that appears whole or not at all: it is written under a temporary name, its files are flushed
/// to the disk, and it is renamed. Older ones are deleted only after that.
/// </summary>
internal sealed class CheckpointStore
{
    private const string TemporarySuffix = ".tmp";

    private readonly string _folder;
    private readonly int _keep;
    private readonly ICheckpointed _training;
    private readonly CheckpointIdentity _identity;
    private int _savedStep = -1;

    /// <param name="folder">Where checkpoints are kept; created if need be.</param>
    /// <param name="keep">How many.</param>
    /// <param name="training">What is saved.</param>
    /// <param name="identity">What it is a training of.</param>
    /// <param name="resumed">The checkpoint that the training goes on from, or null.</param>
    /// <exception cref="InvalidOperationException">The folder holds checkpoints of another training.</exception>
    public CheckpointStore(string folder, int keep, ICheckpointed training, CheckpointIdentity identity, Checkpoint? resumed)
    {
        (_folder, _keep, _training, _identity) = (Path.GetFullPath(folder), keep, training, identity);
        var existing = Checkpoint.In(_folder);
        if (resumed is not null && existing.Any(entry => entry.Path == resumed.Directory))
            (_savedStep, Newest) = (resumed.State.Step, resumed.Directory);
        else if (existing.Count > 0)
            throw new InvalidOperationException(
                $"{_folder} holds checkpoints of an earlier training. Resume from it, delete them, or choose another folder.");
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The folder of the newest checkpoint, or null.</summary>
    public string? Newest { get; private set; }

    /// <summary>Saves the present state, unless it is saved already.</summary>
    /// <param name="run">The course so far.</param>
    /// <param name="best">The best values by parameter, when there is one.</param>
    public void Save(RunState run, float[][]? best)
    {
        var step = _training.Trainer.Optimizer.Steps;
        if (step == _savedStep)
            return;
        DeleteAbandoned();
        var target = Path.Combine(_folder, Checkpoint.NameOf(step));
        var temporary = target + TemporarySuffix;
        Directory.CreateDirectory(temporary);
        Write(temporary, step, run, best);
        // What an interrupted or damaged attempt at the same step left.
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        Directory.Move(temporary, target);
        (_savedStep, Newest) = (step, target);
        foreach (var (path, _) in Checkpoint.In(_folder).Where(entry => entry.Step <= step).Skip(_keep))
            Directory.Delete(path, recursive: true);
    }

    private void Write(string folder, int step, RunState run, float[][]? best)
    {
        List<string> files = [_training.CheckpointFile, Checkpoint.OptimizerFile];
        _training.WriteTrained(Path.Combine(folder, _training.CheckpointFile));
        WriteMoments(Path.Combine(folder, Checkpoint.OptimizerFile));
        if (best is not null && run.BestStep != step)
        {
            _training.WriteTrained(Path.Combine(folder, Checkpoint.BestFile), best);
            files.Add(Checkpoint.BestFile);
        }
        var state = new CheckpointState
        {
            Version = CheckpointState.CurrentVersion,
            Step = step,
            Run = run,
            Identity = _identity,
            Files = new(files.ToDictionary(name => name, name => Fingerprint.OfFile(Path.Combine(folder, name))), StringComparer.Ordinal),
        };
        AtomicFile.Write(
            Path.Combine(folder, Checkpoint.StateFile), overwrite: false,
            stream => JsonSerializer.Serialize(stream, state, CheckpointJson.Default.CheckpointState));
    }

    private void WriteMoments(string path)
    {
        var optimizer = _training.Trainer.Optimizer;
        var writer = new GgufWriter();
        for (var i = 0; i < _training.Parameters.Count; i++)
        {
            Add(Checkpoint.FirstMoment(i), i, optimizer.FirstMoments);
            Add(Checkpoint.SecondMoment(i), i, optimizer.SecondMoments);
        }
        writer.Save(path);

        void Add(string name, int parameter, Func<int, float[]> moments) => writer.AddTensor(
            name, GgmlType.F32, [_training.Parameters[parameter].Shape.Count], stream => stream.Write(MemoryMarshal.AsBytes<float>(moments(parameter))));
    }

    private void DeleteAbandoned()
    {
        foreach (var path in Directory.EnumerateDirectories(_folder, $"{Checkpoint.Prefix}*{TemporarySuffix}"))
            Directory.Delete(path, recursive: true);
    }
}
