using System.Collections;
using System.Collections.Concurrent;
using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

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
        var updates = TrainingRuns.Updates(state => told.Add(state));

        finetuning.TrainToAdapter(_folder["adapter.gguf"], updates);

        Assert.Equal([1, 2, 3, 4, 5, 6], told.Select(state => state.Step));
        Assert.All(told, state => Assert.True(state is { TotalSteps: 6, Loss: > 0, GradientNorm: > 0, TokensPerSecond: > 0, ValidationLoss: null }));
        Assert.Equal(TimeSpan.Zero, told[^1].Remaining);
    }

    [Fact]
    public void Stages_are_told_in_their_order()
    {
        List<TrainingProgress> told = [];
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { MaxSteps = 2, ValidationSplit = 0.25f, EvaluationInterval = 2 });
        finetuning.TrainToAdapter(_folder["adapter.gguf"], new SynchronousProgress<TrainingProgress>(told.Add));
        Assert.Equal(
            [
                TrainingStage.ReadingData, TrainingStage.BuildingGraph, TrainingStage.MeasuringBefore, TrainingStage.Training, TrainingStage.Validating,
                TrainingStage.Training, TrainingStage.MeasuringAfter, TrainingStage.Saving,
            ],
            told.Select(state => state.Stage).Aggregate(new List<TrainingStage>(), WithoutRepetition));
        Assert.All(told.Where(state => state.Stage == TrainingStage.MeasuringBefore), state => Assert.InRange(state.StageFraction!.Value, 0, 1));
        Assert.Equal(2, told.Count(state => state.Stage == TrainingStage.Training));

        static List<TrainingStage> WithoutRepetition(List<TrainingStage> stages, TrainingStage stage)
        {
            if (stages.Count == 0 || stages[^1] != stage)
                stages.Add(stage);
            return stages;
        }
    }

    /// <summary>400 samples are many rows, of which a single update pays for one; many updates pay for more.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(60, 3, 5)]
    public void Losses_are_measured_on_few_rows_where_training_is_short(int steps, int least, int most)
    {
        TrainingSample[] samples = [.. Enumerable.Range(0, 400).Select(i => TrainingSample.Counting(TrainingRuns.Rows[i % 8], ..))];
        var parameters = TrainingRuns.Quick with { MaxSteps = steps, LossSampleTokens = null, Rank = 1, TargetModules = LoraTargetModules.Of("attn_q") };
        var data = new PreparedData(samples, [], new DatasetStatistics(), []);
        using var training = AdapterTraining.Open(_model, parameters, data, TestContext.Current.CancellationToken);
        List<TrainingProgress> told = [];
        new TrainingLoop(training, data, parameters, told.Add, () => told.Count(state => state.Stage == TrainingStage.Training) > 0).Run(TestContext.Current.CancellationToken);
        foreach (var stage in new[] { TrainingStage.MeasuringBefore, TrainingStage.MeasuringAfter })
            Assert.InRange(told.Count(state => state.Stage == stage), least, most);
    }

    [Fact]
    public void A_stop_writes_what_is_trained()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        var updates = TrainingRuns.Updates(state => StopAfter(finetuning, state, 2));

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"], updates);

        Assert.Equal((TrainingStatus.Stopped, 2), (result.Status, result.Steps));
        Assert.True(LoraAdapter.ValidateFormat(result.AdapterPath!, out _));
    }

    [Fact]
    public async Task A_cancelled_training_writes_nothing()
    {
        using var source = new CancellationTokenSource();
        using var finetuning = TrainingRuns.Create(_model, _folder);
        var updates = TrainingRuns.Updates(state => source.Cancel());

        var result = await finetuning.TrainToAdapterAsync(_folder["adapter.gguf"], updates, source.Token);

        Assert.Equal((TrainingStatus.Cancelled, 1, null), (result.Status, result.Steps, result.AdapterPath));
        Assert.False(File.Exists(_folder["adapter.gguf"]));
    }

    /// <summary>Micro-batches are drawn row by row: the token is looked at before each.</summary>
    [Fact]
    public void A_cancellation_is_obeyed_within_a_micro_batch_and_changes_nothing()
    {
        using var source = new CancellationTokenSource();
        var samples = TrainingRuns.Rows.Select(row => TrainingSample.Counting(row, ..)).ToList();
        using var training = AdapterTraining.Open(
            _model, TrainingRuns.Quick, new PreparedData(samples, [], new DatasetStatistics(), []), TestContext.Current.CancellationToken);
        var before = training.CopyValues();
        var rows = Enumerable.Range(0, 100).Select(row =>
        {
            if (row == 2)
                source.Cancel();
            Assert.True(row <= 2, "a row was drawn after the cancellation");
            return PackedRow.From(samples[0]);
        });

        Assert.Throws<OperationCanceledException>(() => training.Trainer.Step(new TrainingStep(default, [new LazyRows(rows)], 100), source.Token));
        Assert.Equal(before, training.CopyValues());
        Assert.Equal(0, training.Trainer.Optimizer.Steps);
    }

    [Fact]
    public async Task Training_runs_on_a_thread_of_its_own_and_progress_comes_back_to_its_maker()
    {
        var context = new QueueContext();
        var progress = context.Run(() => new Progress<TrainingProgress>());
        List<int> told = [];
        progress.ProgressChanged += (_, state) => AddUpdate(told, state);
        using var finetuning = TrainingRuns.Create(_model, _folder);
        using var mayGoOn = new ManualResetEventSlim();
        var waiting = TrainingRuns.Updates(state =>
        {
            mayGoOn.Wait(TestContext.Current.CancellationToken);
            ((IProgress<TrainingProgress>)progress).Report(state);
        });

        // Were it to run here, it would wait for what comes after it.
        var training = finetuning.TrainToAdapterAsync(_folder["adapter.gguf"], waiting, TestContext.Current.CancellationToken);
        Assert.False(training.IsCompleted);
        mayGoOn.Set();
        await training;

        Assert.Empty(told);
        context.RunPosted();
        Assert.Equal([1, 2, 3, 4, 5, 6], told);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.25f)]
    public void A_divergence_is_advised_on_and_keeps_the_last_good_state(float validation)
    {
        using var wild = TrainingRuns.Create(
            _model, _folder, TrainingRuns.Quick with { LearningRate = 1e30f, MaxGradientNorm = 0, ValidationSplit = validation });
        var fault = Assert.Throws<LoraTrainingDivergedException>(() => wild.TrainToAdapter(_folder["adapter.gguf"]));

        Assert.Equal(2, fault.Step);
        Assert.Contains("Lower the learning rate", fault.Message, StringComparison.Ordinal);
        Assert.Contains(fault.AdapterPath!, fault.Message, StringComparison.Ordinal);
        Assert.Equal(_folder["adapter.last-good.gguf"], fault.AdapterPath);
        Assert.False(File.Exists(_folder["adapter.gguf"]));
        // The first update went too far already: good is what it began with.
        using var next = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { InitialAdapter = fault.AdapterPath });
        Assert.InRange(next.TrainToAdapter(_folder["adapter.gguf"]).FirstLoss, 1, 10);
    }

    [Fact]
    public void The_loss_is_measured_on_validation_data_every_so_many_updates()
    {
        int[][] rows = [[5, 6, 7, 8, 9, 10, 11], [40, 30, 20, 10, 11]];
        File.WriteAllLines(_folder["validation.jsonl"], rows.Select(row => $$"""{"input_ids":[{{string.Join(',', row)}}]}""").Append("{}"));
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { MaxSteps = 5, EvaluationInterval = 2 });
        finetuning.AddValidationFile(_folder["validation.jsonl"]);
        Assert.Throws<InvalidOperationException>(() => finetuning.SampleCount);
        finetuning.PrepareData(TestContext.Current.CancellationToken);
        Assert.Equal((8L, 1L), (finetuning.SampleCount, finetuning.SkippedSamples));
        List<TrainingProgress> told = [];
        var updates = TrainingRuns.Updates(state => told.Add(state));

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"], updates);

        Assert.Equal([2, 4, 5], told.Where(state => state.ValidationLoss is not null).Select(state => state.Step));
        Assert.Equal(told.Min(state => state.ValidationLoss), result.ValidationLoss);
        var adapter = _model.ApplyLoraAdapter(result.AdapterPath!);
        using var evaluator = new TokenLossEvaluator(_model.Core, [adapter], longestRow: 32);
        var loss = evaluator.Evaluate(rows.Select(row => (row, (int[]?)null)), TestContext.Current.CancellationToken).Mean;
        Assert.Equal(loss, result.ValidationLoss!.Value, 1e-3);
    }

    [Fact]
    public void A_split_sets_aside_what_is_not_trained_on()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { ValidationSplit = 0.25f, SequencePacking = false });
        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        // 6 of 8 samples are an epoch.
        Assert.Equal(1, result.Epochs);
        Assert.NotNull(result.ValidationLoss);
    }

    [Fact]
    public void A_split_or_validation_data_that_leave_nothing_to_validate_are_an_error()
    {
        File.WriteAllText(_folder["one.jsonl"], """{"input_ids":[1,2,3]}""");
        using var split = new LoraFinetuning(_model) { Parameters = TrainingRuns.Quick with { ValidationSplit = 0.5f } };
        split.AddDatasetFile(_folder["one.jsonl"]);
        Assert.Equal(
            "A ValidationSplit of 0.5 leaves nothing to validate: the data have 1 sample that can be used, expected at least 2.",
            Assert.Throws<InvalidOperationException>(() => split.TrainToAdapter(_folder["adapter.gguf"])).Message);

        File.WriteAllText(_folder["bad.jsonl"], """{"input_ids":[1,999999]}""");
        using var skipped = TrainingRuns.Create(_model, _folder);
        skipped.AddValidationFile(_folder["bad.jsonl"]);
        Assert.StartsWith(
            "The validation data leave nothing to validate: all 1 rows were skipped. First: ",
            Assert.Throws<InvalidOperationException>(() => skipped.TrainToAdapter(_folder["adapter.gguf"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Targets_that_are_not_trained_are_named()
    {
        using var plain = TrainingRuns.Create(_model, _folder);
        Assert.Empty(plain.TrainToAdapter(_folder["adapter.gguf"]).UntrainedTargets);

        using var model = new LM(TinyFamilies.PathOf(TinyFamily.LatentAttention), TinyModels.Device);
        using var finetuning = TrainingRuns.Create(model, _folder, TrainingRuns.Quick with { TargetModules = LoraTargetModules.AllLinear });
        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        Assert.Contains("blk.0.attn_k_b.weight", result.UntrainedTargets);
        using var file = GgufFile.Open(result.AdapterPath!);
        Assert.DoesNotContain(file.Tensors, tensor => result.UntrainedTargets.Any(target => tensor.Name.StartsWith(target, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_bad_row_of_a_strict_data_set_ends_the_training_before_it_begins()
    {
        File.WriteAllLines(_folder["bad.jsonl"], ["""{"input_ids":[1,2,3]}""", """{"input_ids":[1,999999]}"""]);
        using var finetuning = new LoraFinetuning(_model);
        finetuning.AddDatasetFile(_folder["bad.jsonl"], new DatasetReadOptions { Strict = true });
        var fault = Assert.Throws<InvalidDataException>(() => finetuning.TrainToAdapter(_folder["adapter.gguf"]));
        Assert.Contains($"{_folder["bad.jsonl"]}, line 2: ", fault.Message, StringComparison.Ordinal);
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
        var updates = TrainingRuns.Updates(state => losses.Add(state.ValidationLoss!.Value));

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"], updates);

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
        var updates = TrainingRuns.Updates(_ => fault ??= Record.Exception(() => finetuning.TrainToAdapter(_folder["other.gguf"])));
        finetuning.TrainToAdapter(_folder["adapter.gguf"], updates);
        Assert.IsType<InvalidOperationException>(fault);
    }

    [Fact]
    public void Memory_is_estimated_from_the_graph()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        var memory = finetuning.EstimateMemory();
        var parameters = finetuning.TrainToAdapter(_folder["adapter.gguf"]).TrainableParameters;

        Assert.Equal(new FileInfo(TinyModels.PathOf(TinyArchitecture.Llama)).Length, memory.Model);
        Assert.Equal(20 * parameters, memory.Adapter);
        Assert.True(memory.Working > 0);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private sealed class LazyRows(IEnumerable<PackedRow> rows) : IReadOnlyList<PackedRow>
    {
        public int Count => 100;

        public PackedRow this[int index] => throw new NotSupportedException();

        public IEnumerator<PackedRow> GetEnumerator() => rows.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Calls what is posted when it is told to, as the thread of a window does.</summary>
    private sealed class QueueContext : SynchronizationContext
    {
        private readonly ConcurrentQueue<Action> _posted = new();

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue(() => d(state));

        public T Run<T>(Func<T> call)
        {
            var previous = Current;
            SetSynchronizationContext(this);
            try
            {
                return call();
            }
            finally
            {
                SetSynchronizationContext(previous);
            }
        }

        public void RunPosted()
        {
            while (_posted.TryDequeue(out var call))
                call();
        }
    }

    private static void AddUpdate(List<int> told, TrainingProgress state)
    {
        if (state.Stage == TrainingStage.Training)
            told.Add(state.Step);
    }

    private static void StopAfter(LoraFinetuning finetuning, TrainingProgress state, int step)
    {
        if (state.Step == step)
            finetuning.RequestStop();
    }
}
