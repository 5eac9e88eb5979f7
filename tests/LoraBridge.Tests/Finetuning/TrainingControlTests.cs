using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Finetuning;

public sealed class TrainingControlTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    [Fact]
    public void Progress_is_told_of_each_update()
    {
        List<TrainingProgress> told = [];
        using var finetuning = TrainingRuns.Create(_model, _folder);
        finetuning.ProgressChanged += (_, state) => told.Add(state);

        finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal([1, 2, 3, 4, 5, 6], told.Select(state => state.Step));
        Assert.All(told, state => Assert.True(state is { TotalSteps: 6, Loss: > 0, GradientNorm: > 0, TokensPerSecond: > 0, ValidationLoss: null }));
        Assert.Equal(TimeSpan.Zero, told[^1].Remaining);
    }

    [Fact]
    public void A_stop_writes_what_is_trained()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        finetuning.ProgressChanged += (_, state) => StopAfter(finetuning, state, 2);

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal((TrainingStatus.Stopped, 2), (result.Status, result.Steps));
        Assert.True(LoraAdapter.ValidateFormat(result.AdapterPath!, out _));
    }

    [Fact]
    public async Task A_cancelled_training_writes_nothing()
    {
        using var source = new CancellationTokenSource();
        using var finetuning = TrainingRuns.Create(_model, _folder);
        finetuning.ProgressChanged += (_, state) => source.Cancel();

        var result = await finetuning.TrainToAdapterAsync(_folder["adapter.gguf"], progress: null, source.Token);

        Assert.Equal((TrainingStatus.Cancelled, 1, null), (result.Status, result.Steps, result.AdapterPath));
        Assert.False(File.Exists(_folder["adapter.gguf"]));
    }

    [Fact]
    public void The_best_adapter_counts_and_training_stops_when_it_does_not_get_better()
    {
        List<double> losses = [];
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with
        {
            // A rate at which the loss goes up.
            LearningRate = 0.3f, MaxGradientNorm = 0, MaxSteps = 50, ValidationSplit = 0.25f, EvaluationInterval = 1, EarlyStoppingPatience = 2,
        });
        finetuning.ProgressChanged += (_, state) => losses.Add(state.ValidationLoss!.Value);

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal(TrainingStatus.EarlyStopped, result.Status);
        Assert.Equal(losses.Min(), result.ValidationLoss);
        Assert.Equal(losses.IndexOf(losses.Min()) + 1, result.BestStep);
        Assert.Equal(result.BestStep + 2, result.Steps);
    }

    [Fact]
    public void Nothing_to_learn_from_is_an_error_that_says_why()
    {
        using var empty = new LoraFinetuning(_model);
        Assert.Throws<InvalidOperationException>(() => empty.TrainToAdapter(_folder["adapter.gguf"]));

        File.WriteAllText(_folder["bad.jsonl"], """{"input_ids":[1,999999]}""");
        using var bad = new LoraFinetuning(_model);
        bad.AddDatasetFile(_folder["bad.jsonl"]);
        var fault = Assert.Throws<InvalidOperationException>(() => bad.TrainToAdapter(_folder["adapter.gguf"]));
        Assert.Contains("999999", fault.Message, StringComparison.Ordinal);
        Assert.Equal(1, bad.SkippedSamples);
    }

    [Fact]
    public void Targets_and_paths_are_checked()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { TargetModules = LoraTargetModules.Of("attn_z") });
        Assert.Contains("attn_q", Assert.Throws<ArgumentException>(() => finetuning.TrainToAdapter(_folder["a.gguf"])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => finetuning.TrainToAdapter(" "));
        Assert.Throws<ArgumentException>(() => finetuning.TrainToAdapter(TinyModels.PathOf(TinyArchitecture.Llama)));
        Assert.Throws<DirectoryNotFoundException>(() => finetuning.TrainToAdapter(Path.Combine(_folder["missing"], "a.gguf")));
    }

    [Fact]
    public void One_training_runs_at_a_time()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        Exception? fault = null;
        finetuning.ProgressChanged += (_, _) => fault ??= Record.Exception(() => finetuning.TrainToAdapter(_folder["other.gguf"]));
        finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        Assert.IsType<InvalidOperationException>(fault);
    }

    [Fact]
    public void Memory_is_estimated_from_the_graph()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        var memory = finetuning.EstimateMemory();
        var parameters = finetuning.TrainToAdapter(_folder["adapter.gguf"]).TrainableParameters;

        Assert.Equal(new FileInfo(TinyModels.PathOf(TinyArchitecture.Llama)).Length, memory.Model);
        Assert.Equal(16 * parameters, memory.Adapter);
        Assert.True(memory.Working > 0);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private static void StopAfter(LoraFinetuning finetuning, TrainingProgress state, int step)
    {
        if (state.Step == step)
            finetuning.RequestStop();
    }
}
