using LoraBridge.Finetuning.Checkpoints;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning;

/// <summary>
/// Trains all weights of a small F32 model, usually from random ones. The graph, its gradients and the loop are those of
/// adapter training; only the set of trained tensors differs.
/// </summary>
/// <remarks>Optimiser state and gradients take three times the memory of the model: this is for models of millions of parameters.</remarks>
public sealed class ModelPretraining
{
    private readonly string _modelPath;
    private readonly PretrainingParameters _parameters;
    private Checkpoint? _resumed;

    /// <param name="modelPath">A GGUF model whose weights are F32; it is not changed.</param>
    /// <param name="parameters">Settings; null takes the defaults.</param>
    /// <exception cref="ArgumentException">The path is blank.</exception>
    public ModelPretraining(string modelPath, PretrainingParameters? parameters = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelPath);
        _modelPath = modelPath;
        _parameters = parameters ?? new PretrainingParameters();
    }

    /// <summary>
    /// Makes the next training resume from a checkpoint, with the same result, byte for byte, as if it had never been interrupted. The
    /// model, the rows and the parameters must be given as before.
    /// </summary>
    /// <param name="directory">A checkpoint, or a folder of checkpoints, of which the newest complete one is used.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">There is no complete checkpoint; the message says why.</exception>
    public void ResumeFrom(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        _resumed = Checkpoint.Find(directory);
    }

    /// <summary>Trains on the rows once, in their order, and writes the trained model.</summary>
    /// <param name="rows">
    /// The samples that share each row, with positions and attention of their own: tokens and, beside each, its label, of which -100
    /// does not count.
    /// </param>
    /// <param name="outputPath">Where to write the model; replaced if it exists.</param>
    /// <param name="progress">Called after each update.</param>
    /// <param name="cancellationToken">Stops between rows; a checkpoint keeps what is trained, if there is a folder for it.</param>
    /// <returns>The loss of the last update's rows, in nats.</returns>
    /// <exception cref="ArgumentException">There are no rows, one is longer than the context, or a token is not in the vocabulary.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    /// <exception cref="CheckpointMismatchException">The checkpoint to resume from is of another training.</exception>
    /// <exception cref="InvalidDataException">The file is no valid model.</exception>
    /// <exception cref="InvalidOperationException">The folder holds checkpoints of another training.</exception>
    /// <exception cref="NotSupportedException">The model has an operation without a gradient, or shares a weight between places.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double Train(
        IReadOnlyList<IReadOnlyList<(int[] InputIds, int[] Labels)>> rows, string outputPath, IProgress<PretrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentException.ThrowIfNullOrWhiteSpace(outputPath);
        _parameters.Validate();
        using var files = ModelLoader.Open(_modelPath);
        var packed = PretrainingRows.Pack(rows, _parameters.ContextLength, files);
        var chunks = packed.Chunk(_parameters.RowsPerStep).ToList();
        var plan = new CheckpointPlan(
            _parameters.CheckpointDirectory, _parameters.KeepCheckpoints, _resumed, () => CheckpointIdentity.Of(files, packed, _parameters));
        using var training = ModelTraining.Open(files, _parameters, chunks.Count, cancellationToken);
        var state = _resumed?.State.Run ?? new RunState { FirstLoss = double.NaN };
        var checkpoints = plan.OpenStore(training);
        _resumed?.Restore(training);

        var loss = double.NaN;
        try
        {
            foreach (var chunk in chunks.Skip(training.Trainer.Optimizer.Steps))
            {
                var outcome = training.Trainer.Step(new TrainingStep(default, [chunk], chunk.Sum(row => row.TargetCount)), cancellationToken);
                loss = outcome.Loss;
                state = state with
                {
                    FirstLoss = double.IsNaN(state.FirstLoss) ? loss : state.FirstLoss,
                    TrainTokens = state.TrainTokens + chunk.Sum(row => row.Length),
                };
                progress?.Report(new PretrainingProgress(outcome.Step + 1, chunks.Count, loss, outcome.LearningRate, state.TrainTokens));
                if ((outcome.Step + 1) % _parameters.CheckpointInterval == 0)
                    checkpoints?.Save(state, best: null);
            }
        }
        catch (OperationCanceledException)
        {
            checkpoints?.Save(state, best: null);
            throw;
        }
        training.WriteTrained(outputPath);
        return loss;
    }
}
