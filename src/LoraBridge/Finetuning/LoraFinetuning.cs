using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.Finetuning;

/// <summary>
/// Trains LoRA adapters for a model, in process, on the devices that the model is on. Its weights stay as they are, quantised or not.
/// </summary>
/// <remarks>
/// The model may be used for inference meanwhile: its weights are loaded apart for that. One training runs at a time;
/// data and parameters must not be changed while it does. <see cref="RequestStop"/> may be called from any thread.
/// </remarks>
/// <example>
/// <code>
/// using var model = new LM("model.gguf");
/// using var finetuning = new LoraFinetuning(model);
/// finetuning.AddDatasetFile("chats.jsonl");
/// var result = finetuning.TrainToAdapter("adapter.gguf");
/// </code>
/// </example>
public sealed partial class LoraFinetuning : IDisposable
{
    private readonly LM _model;
    private readonly ModelCore _core;
    private readonly List<ChatHistory> _chats = [];
    private readonly List<TrainingDataset> _datasets = [];
    private readonly List<TrainingDataset> _validation = [];
    private LoraTrainingParameters _parameters = new();
    private PreparedData? _prepared;
    private bool _ownsModel;
    private bool _disposed;

    /// <summary>Prepares the fine-tuning of a model.</summary>
    /// <param name="model">The model; dispose it after this object.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public LoraFinetuning(LM model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _core = model.Core;
        _core.AddReference();
    }

    /// <summary>The model that is fine-tuned.</summary>
    internal LM Model => _model;

    /// <summary>Prepares a training of a model that is disposed with it.</summary>
    internal static LoraFinetuning Owning(LM model) => new(model) { _ownsModel = true };

    /// <summary>How the adapter is trained.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">One of the values is out of its range.</exception>
    /// <exception cref="ArgumentException">A pattern or path among them is blank.</exception>
    public LoraTrainingParameters Parameters
    {
        get => _parameters;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            value.Validate();
            _parameters = value;
            _prepared = null;
        }
    }

    /// <summary>
    /// Statistics of the data, available once it has been read by <see cref="PrepareData"/>, <see cref="EstimateMemory"/> or a training.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing has been read since data or parameters changed.</exception>
    public DatasetStatistics Statistics => Prepared.Statistics;

    /// <summary>Rows that could not be used, or only in part: the first ones of each data set.</summary>
    /// <inheritdoc cref="Statistics" path="/exception"/>
    public IReadOnlyList<DatasetProblem> Problems => Prepared.Problems;

    /// <inheritdoc cref="DatasetStatistics.SampleCount"/>
    public long SampleCount => Statistics.SampleCount;

    /// <inheritdoc cref="DatasetStatistics.SampleMinLength"/>
    public int SampleMinLength => Statistics.SampleMinLength;

    /// <inheritdoc cref="DatasetStatistics.SampleMaxLength"/>
    public int SampleMaxLength => Statistics.SampleMaxLength;

    /// <inheritdoc cref="DatasetStatistics.UnmaskedSampleCount"/>
    public long UnmaskedSampleCount => Statistics.UnmaskedSampleCount;

    /// <inheritdoc cref="DatasetStatistics.SkippedSamples"/>
    public long SkippedSamples => Statistics.SkippedSamples;

    /// <summary>Adds a conversation to train on.</summary>
    /// <param name="chat">The conversation; it is read when training starts.</param>
    public void AddTrainingData(ChatHistory chat)
    {
        ArgumentNullException.ThrowIfNull(chat);
        _chats.Add(chat);
        _prepared = null;
    }

    /// <summary>Adds data to train on.</summary>
    public void AddDataset(TrainingDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        _datasets.Add(dataset);
        _prepared = null;
    }

    /// <summary>Adds a file to train on; see <see cref="TrainingDataset.FromFile"/> for the formats.</summary>
    /// <inheritdoc cref="TrainingDataset.FromFile" path="/exception"/>
    public void AddDatasetFile(string path, DatasetReadOptions? options = null) => AddDataset(TrainingDataset.FromFile(path, options));

    /// <summary>Adds validation data, used instead of a split of the training data.</summary>
    public void AddValidationDataset(TrainingDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        _validation.Add(dataset);
        _prepared = null;
    }

    /// <summary>Adds a file of validation data.</summary>
    /// <inheritdoc cref="TrainingDataset.FromFile" path="/exception"/>
    public void AddValidationFile(string path, DatasetReadOptions? options = null) => AddValidationDataset(TrainingDataset.FromFile(path, options));

    /// <summary>Releases the model.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        _core.Release();
        if (_ownsModel)
            _model.Dispose();
    }

    /// <summary>Reads and tokenizes all data, as a training does before it starts.</summary>
    /// <param name="cancellationToken">Stops between two samples.</param>
    /// <returns>Statistics of the data; <see cref="Problems"/> says which rows are not used, and why.</returns>
    /// <exception cref="InvalidDataException">A row is bad in a strict data set, or a file cannot be read.</exception>
    /// <exception cref="InvalidOperationException">A part is to be set aside for validation, but there is too little data.</exception>
    /// <exception cref="ChatTemplateException">The chat template that was given cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public DatasetStatistics PrepareData(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var use = _core.Enter();
        return Prepare(cancellationToken).Statistics;
    }

    /// <summary>Reads and tokenizes all data on another thread.</summary>
    /// <inheritdoc cref="PrepareData"/>
    public Task<DatasetStatistics> PrepareDataAsync(CancellationToken cancellationToken = default) =>
        Task.Run(() => PrepareData(cancellationToken), cancellationToken);

    private PreparedData Prepared => _prepared
        ?? throw new InvalidOperationException("The data has not been read yet: call PrepareData, or train, and ask then.");

    private PreparedData Prepare(CancellationToken cancellationToken)
    {
        TrainingDataset[] training = _chats.Count > 0 ? [TrainingDataset.FromChats(_chats), .. _datasets] : [.. _datasets];
        return _prepared ??= PreparedData.Read(_model, _parameters, training, _validation, cancellationToken);
    }
}
