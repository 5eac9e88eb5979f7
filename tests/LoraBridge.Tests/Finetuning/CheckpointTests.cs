using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Checkpoints;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Finetuning;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    private LoraTrainingParameters Parameters => TrainingRuns.Quick with
    {
        MaxSteps = 20, ValidationSplit = 0.25f, EvaluationInterval = 3, CheckpointDirectory = _folder["checkpoints"], CheckpointInterval = 4,
        Dropout = 0.1f, NeftuneAlpha = 5,
    };

    [Fact]
    public void Ten_steps_and_ten_more_are_twenty()
    {
        using var whole = TrainingRuns.Create(_model, _folder, Parameters with { CheckpointDirectory = null });
        var expected = whole.TrainToAdapter(_folder["whole.gguf"]);

        Interrupt(10);
        using var rest = TrainingRuns.Create(_model, _folder, Parameters);
        rest.ResumeFrom(_folder["checkpoints"]);
        var actual = rest.TrainToAdapter(_folder["rest.gguf"]);

        Assert.Equal(File.ReadAllBytes(_folder["whole.gguf"]), File.ReadAllBytes(_folder["rest.gguf"]));
        Assert.Equal(
            (expected.FirstLoss, expected.FinalLoss, expected.ValidationLoss, expected.TrainTokens, expected.Steps),
            (actual.FirstLoss, actual.FinalLoss, actual.ValidationLoss, actual.TrainTokens, actual.Steps));
    }

    [Fact]
    public void The_best_adapter_is_the_one_before_the_interruption_if_none_after_it_is_better()
    {
        var parameters = Parameters with { MaxSteps = 8, ValidationSplit = 0, EvaluationInterval = 1, Dropout = 0, NeftuneAlpha = 0 };
        using var whole = Contradicted(parameters with { CheckpointDirectory = null });
        var expected = whole.TrainToAdapter(_folder["whole.gguf"]);
        using (var interrupted = Contradicted(parameters))
        {
            var updates = TrainingRuns.Updates(state => StopAfter(interrupted, state, 6));
            interrupted.TrainToAdapter(_folder["interrupted.gguf"], updates);
        }
        using var rest = Contradicted(parameters);
        rest.ResumeFrom(_folder["checkpoints"]);
        var actual = rest.TrainToAdapter(_folder["rest.gguf"]);

        Assert.InRange(expected.BestStep, 1, 5);
        Assert.Equal((expected.BestStep, expected.ValidationLoss), (actual.BestStep, actual.ValidationLoss));
        Assert.Equal(File.ReadAllBytes(_folder["whole.gguf"]), File.ReadAllBytes(_folder["rest.gguf"]));
    }

    [Fact]
    public void The_last_ones_are_kept()
    {
        Interrupt(10);
        Assert.Equal(["checkpoint-000008", "checkpoint-000010"], Names());
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over()
    {
        Interrupt(10);
        var newest = Path.Combine(_folder["checkpoints"], "checkpoint-000010");
        using (var file = File.OpenWrite(Path.Combine(newest, Checkpoint.OptimizerFile)))
            file.SetLength(file.Length / 2);
        Directory.CreateDirectory(newest + "2.tmp");

        using var rest = TrainingRuns.Create(_model, _folder, Parameters);
        rest.ResumeFrom(_folder["checkpoints"]);
        List<int> steps = [];
        var updates = TrainingRuns.Updates(state => steps.Add(state.Step));
        rest.TrainToAdapter(_folder["rest.gguf"], updates);

        Assert.Equal(9, steps[0]);
        Assert.Equal(["checkpoint-000016", "checkpoint-000020"], Names());
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => Resume(Damage())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_other_data_or_parameters_are_refused_with_the_difference()
    {
        Interrupt(4);

        using var parameters = TrainingRuns.Create(_model, _folder, Parameters with { LearningRate = 0.001f });
        Assert.Equal(["LearningRate was 0.002 and is 0.001"], Differences(parameters));

        using var data = TrainingRuns.Create(_model, _folder, Parameters);
        TrainingRuns.WriteRows(_folder, TrainingRuns.Rows.Append([1, 2, 3]));
        Assert.Matches(
            @"^the data were 6 samples of \d+ tokens \(\w{16}\) and are 7 samples of ", Assert.Single(Differences(data)));
        using var order = TrainingRuns.Create(_model, _folder, Parameters);
        TrainingRuns.WriteRows(_folder, TrainingRuns.Rows.Reverse());
        Assert.StartsWith("the data were 6 samples of ", Assert.Single(Differences(order)), StringComparison.Ordinal);
        TrainingRuns.WriteRows(_folder);

        using var other = TinyModels.Load(TinyArchitecture.Llama, TinyType.Q8_0);
        using var model = TrainingRuns.Create(other, _folder, Parameters);
        Assert.Matches(
            @"^the model was 'Tiny Llama' \(llama, all F32, \d+ bytes, \w{16}\) and is 'Tiny Llama' \(llama, Q8_0, ", Assert.Single(Differences(model)));
    }

    [Fact]
    public void A_new_training_does_not_mix_its_checkpoints_with_those_of_another()
    {
        Interrupt(4);
        using var again = TrainingRuns.Create(_model, _folder, Parameters);
        Assert.Throws<InvalidOperationException>(() => again.TrainToAdapter(_folder["again.gguf"]));
    }

    [Fact]
    public void A_cancelled_training_can_go_on()
    {
        using var source = new CancellationTokenSource();
        using var first = TrainingRuns.Create(_model, _folder, Parameters);
        var updates = TrainingRuns.Updates(state => CancelAfter(source, state, 2));
        var cancelled = first.TrainToAdapter(_folder["adapter.gguf"], updates, source.Token);
        Assert.EndsWith("checkpoint-000002", cancelled.CheckpointPath, StringComparison.Ordinal);

        first.ResumeFrom(cancelled.CheckpointPath!);
        Assert.Equal(20, first.TrainToAdapter(_folder["adapter.gguf"], cancellationToken: TestContext.Current.CancellationToken).Steps);
    }

    [Fact]
    public void A_checkpoint_holds_all_that_going_on_needs()
    {
        Interrupt(10);
        var newest = Checkpoint.Find(_folder["checkpoints"]);

        Assert.Equal(10, newest.State.Step);
        Assert.Equal(9, newest.State.Run.EvaluatedStep);
        Assert.True(newest.State.Run is { TrainTokens: > 0, FirstLoss: > 0, BestLoss: > 0 });
        Assert.Equal("0.1", newest.State.Identity.Configuration["Dropout"]);
        Assert.Contains("Tiny Llama", newest.State.Identity.Model, StringComparison.Ordinal);
        Assert.True(LoraAdapter.ValidateFormat(Path.Combine(newest.Directory, "adapter.gguf"), out _));
        Assert.Equal(
            ["adapter.gguf", Checkpoint.BestFile, Checkpoint.OptimizerFile, Checkpoint.StateFile],
            Directory.GetFiles(newest.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_without_checkpoints_is_an_error()
    {
        Assert.Throws<DirectoryNotFoundException>(() => Resume(_folder["missing"]));
        Assert.Throws<InvalidDataException>(() => Resume(_folder.FullName));
    }

    /// <summary>A run of 12 updates that goes on to 20 is one of 20.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void More_updates_or_epochs_go_on_bit_for_bit_where_the_rate_is_constant(bool epochs)
    {
        var parameters = Parameters with { Schedule = LearningRateScheduleKind.Constant, ValidationSplit = 0, SequencePacking = epochs };
        var (less, more) = epochs ? (parameters with { MaxSteps = null, Epochs = 3 }, parameters with { MaxSteps = null, Epochs = 6 })
            : (parameters with { MaxSteps = 12 }, parameters with { MaxSteps = 20 });
        using var whole = TrainingRuns.Create(_model, _folder, more with { CheckpointDirectory = null });
        var expected = whole.TrainToAdapter(_folder["whole.gguf"]);
        using var first = TrainingRuns.Create(_model, _folder, less);
        first.TrainToAdapter(_folder["first.gguf"]);

        using var rest = TrainingRuns.Create(_model, _folder, more with { CheckpointInterval = 5, KeepCheckpoints = 1, EvaluationInterval = 2 });
        rest.ResumeFrom(_folder["checkpoints"]);
        var actual = rest.TrainToAdapter(_folder["rest.gguf"]);

        Assert.Equal(File.ReadAllBytes(_folder["whole.gguf"]), File.ReadAllBytes(_folder["rest.gguf"]));
        Assert.Equal((expected.Steps, expected.TrainTokens, expected.Epochs, expected.FinalLoss), (actual.Steps, actual.TrainTokens, actual.Epochs, actual.FinalLoss));
        Assert.Empty(expected.ResumeChanges);
        Assert.Equal(
            ["CheckpointInterval was 4 and is 5", .. epochs ? ["Epochs was 3 and is 6"] : Array.Empty<string>(), "EvaluationInterval was 3 and is 2",
                "KeepCheckpoints was 2 and is 1", .. epochs ? [] : (string[])["MaxSteps was 12 and is 20"]],
            actual.ResumeChanges.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Fewer_updates_than_were_made_are_refused()
    {
        Interrupt(10);
        using var rest = TrainingRuns.Create(_model, _folder, Parameters with { MaxSteps = 9 });
        Assert.Equal(["10 updates were made and 9 are to be made in all"], Differences(rest));
    }

    [Fact]
    public void Other_validation_data_begin_the_search_for_the_best_anew()
    {
        var parameters = Parameters with { MaxSteps = 8, ValidationSplit = 0, EvaluationInterval = 1, Dropout = 0, NeftuneAlpha = 0 };
        using (var interrupted = Contradicted(parameters))
        {
            var updates = TrainingRuns.Updates(state => StopAfter(interrupted, state, 6));
            Assert.InRange(interrupted.TrainToAdapter(_folder["interrupted.gguf"], updates).BestStep, 1, 5);
        }
        using var rest = TrainingRuns.Create(_model, _folder, parameters);
        rest.AddValidationFile(_folder["rows.jsonl"]);
        rest.ResumeFrom(_folder["checkpoints"]);
        var result = rest.TrainToAdapter(_folder["rest.gguf"]);
        Assert.InRange(result.BestStep, 6, 8);
        Assert.Matches(@"^the validation data were 8 samples of \d+ tokens \(\w{16}\) and are 8 samples of \d+ tokens \(\w{16}\)$", Assert.Single(result.ResumeChanges));
    }

    [Fact]
    public void Every_parameter_is_compared_and_those_that_decide_numbers_are_refused()
    {
        var all = typeof(LoraTrainingParameters).GetProperties().Select(property => property.Name).Except([nameof(Parameters.CheckpointDirectory)]);
        Assert.Equal(all.Order(StringComparer.Ordinal), TrainingConfiguration.Of(new LoraTrainingParameters(), cachesTransposed: false).Keys);
        // Recomputing changes no bit: TrainingPrecisionTests.
        Assert.Equal(
            [
                nameof(Parameters.CheckpointInterval), nameof(Parameters.EarlyStoppingPatience), nameof(Parameters.Epochs), nameof(Parameters.EvaluationInterval),
                nameof(Parameters.KeepCheckpoints), nameof(Parameters.LossSampleTokens), nameof(Parameters.MaxSteps), nameof(Parameters.Recompute),
            ],
            all.Where(TrainingConfiguration.MayChange).Order(StringComparer.Ordinal));
    }

    /// <summary>What a machine with little memory chooses is not what one with much does.</summary>
    [Fact]
    public void The_cache_that_was_chosen_is_part_of_what_is_compared()
    {
        var parameters = new LoraTrainingParameters { Precision = TrainingPrecision.Fast };
        Assert.Equal("Always", TrainingConfiguration.Of(parameters, cachesTransposed: true)["CacheTransposed"]);
        Assert.Equal("Never", TrainingConfiguration.Of(parameters, cachesTransposed: false)["CacheTransposed"]);
        Assert.Equal("Always", Chosen(TrainingPlace.Of(_model)));
        Assert.Equal("Never", Chosen(new TrainingPlace([LoraBridge.Native.CpuBackend.Device], "a device keeps none")));

        string Chosen(TrainingPlace place) =>
            CheckpointIdentity.Of(_model, place, new PreparedData([], [], new DatasetStatistics(), []), parameters).Configuration["CacheTransposed"];
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private void Interrupt(int step, LoraTrainingParameters? parameters = null)
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, parameters ?? Parameters);
        var updates = TrainingRuns.Updates(state => StopAfter(finetuning, state, step));
        finetuning.TrainToAdapter(_folder["interrupted.gguf"], updates);
    }

    /// <summary>What is learnt is the opposite of what is validated, backwards instead of forwards: the loss only goes up.</summary>
    private LoraFinetuning Contradicted(LoraTrainingParameters parameters)
    {
        var path = _folder["validation.jsonl"];
        File.WriteAllLines(path, TrainingRuns.Rows.Select(row => $$"""{"input_ids":[{{string.Join(',', row.Reverse())}}]}"""));
        var finetuning = TrainingRuns.Create(_model, _folder, parameters);
        finetuning.AddValidationDataset(TrainingDataset.FromFile(path));
        return finetuning;
    }

    private void Resume(string path)
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, Parameters);
        finetuning.ResumeFrom(path);
    }

    private string Damage()
    {
        foreach (var state in Directory.GetFiles(_folder["checkpoints"], Checkpoint.StateFile, SearchOption.AllDirectories))
            File.WriteAllText(state, "{");
        return _folder["checkpoints"];
    }

    private IReadOnlyList<string> Differences(LoraFinetuning finetuning)
    {
        finetuning.ResumeFrom(_folder["checkpoints"]);
        return Assert.Throws<CheckpointMismatchException>(() => finetuning.TrainToAdapter(_folder["adapter.gguf"])).Differences;
    }

    private IEnumerable<string?> Names() => Directory.GetDirectories(_folder["checkpoints"]).Select(Path.GetFileName).Order();

    private static void StopAfter(LoraFinetuning finetuning, TrainingProgress state, int step)
    {
        if (state.Step == step)
            finetuning.RequestStop();
    }

    private static void CancelAfter(CancellationTokenSource source, TrainingProgress state, int step)
    {
        if (state.Step == step)
            source.Cancel();
    }
}
