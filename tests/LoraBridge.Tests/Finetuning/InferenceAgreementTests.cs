using LoraBridge.Data;
using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Finetuning;

/// <summary>A training whose graph computes another loss than inference does not begin.</summary>
public sealed class InferenceAgreementTests : IDisposable
{
    private static readonly TrainingSample Sample = TrainingSample.Counting(TrainingRuns.Rows[7], ..);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The training reads its weights from the file, which is another one by then, and looks the same: as wrong as a wrong operation.</summary>
    [Fact]
    public void A_difference_is_an_exception_with_both_losses_before_the_first_update()
    {
        var path = _folder["model.gguf"];
        TinyModelWriter.Create(TinyArchitecture.Llama).Save(path);
        var written = File.GetLastWriteTimeUtc(path);
        using var model = new LM(path, TinyModels.Device, new LoadingOptions { RepackWeights = false });
        TinyModelWriter.Create(TinyArchitecture.Llama, seed: 2).Save(path, overwrite: true);
        File.SetLastWriteTimeUtc(path, written);
        using var training = TrainingRuns.Create(model, _folder);
        var updates = TrainingRuns.Updates(_ => Assert.Fail("It was trained."));
        var fault = Assert.Throws<NotSupportedException>(() => training.TrainToAdapter(_folder["adapter.gguf"], updates));
        Assert.Matches(@"the first 12 tokens .* has a loss of \d+\.\d{4}, but inference has one of \d+\.\d{4}\.", fault.Message);
        Assert.False(File.Exists(_folder["adapter.gguf"]));
    }

    [Theory]
    [InlineData(8.4, 8.4, true)]
    [InlineData(8.45, 8.4, true)]
    [InlineData(8.55, 8.4, false)]
    [InlineData(8.25, 8.4, false)]
    [InlineData(13.63, 8.40, false)]
    [InlineData(0.11, 0.1, true)]
    [InlineData(0.2, 0.1, false)]
    [InlineData(double.NaN, 8.4, false)]
    [InlineData(8.4, double.NaN, false)]
    public void Losses_differ_by_more_than_rounding_or_not(double trained, double inferred, bool areClose) =>
        Assert.Equal(areClose, InferenceAgreement.AreClose(trained, inferred));

    /// <summary>Whatever has been learnt before, the base is compared, and nothing of the adapter changes.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.5f)]
    public void An_adapter_to_continue_from_is_left_out_and_stays_as_it_is(float dropout)
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        TinyAdapters.Create(model.Path, rank: 4, scaleOfB: 1).Save(_folder["initial.gguf"]);
        var data = new PreparedData([Sample], [], new DatasetStatistics(), []);
        using var fresh = AdapterTraining.Open(model, TrainingRuns.Quick, data, TestContext.Current.CancellationToken);
        using var training = AdapterTraining.Open(
            model, TrainingRuns.Quick with { InitialAdapter = _folder["initial.gguf"], Dropout = dropout }, data, TestContext.Current.CancellationToken);
        var before = training.CopyValues();
        Assert.Equal(fresh.BaseLoss(PackedRow.From(Sample)), training.BaseLoss(PackedRow.From(Sample)), 1e-3);
        Assert.Equal(before, training.CopyValues());
        Assert.All(training.Parameters, parameter => Assert.False(parameter.ReadGradients().ContainsAnyExcept(0)));
        InferenceAgreement.Require(model, training, data, TestContext.Current.CancellationToken);
    }
}
