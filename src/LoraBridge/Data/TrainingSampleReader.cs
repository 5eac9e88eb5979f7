using LoraBridge.Finetuning;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Data;

/// <summary>How training data is made to fit the model.</summary>
internal sealed record SampleOptions
{
    /// <summary>The longest sample in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Whether only the assistant's turns, or completions, count in the loss.</summary>
    public bool AssistantLossOnly { get; init; } = true;

    public OverlongSamplePolicy Overlong { get; init; }

    /// <summary>Whether the texts of control tokens become those tokens in texts and completions.</summary>
    public bool ParseSpecialTokensInText { get; init; } = true;

    /// <summary>Whether the texts of control tokens become those tokens also where a conversation says them.</summary>
    public bool ParseSpecialTokensInMessages { get; init; }
}

/// <summary>Streams data sets as tokenized samples of at most the context length and keeps account of all that is left out.</summary>
internal sealed class TrainingSampleReader
{
    private readonly SampleTokenizer _tokenizer;
    private readonly SampleOptions _options;
    private readonly List<DatasetProblem> _problems = [];

    public TrainingSampleReader(ITokenizer tokenizer, IChatTemplate? template, SampleOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ContextLength, 2);
        _tokenizer = new SampleTokenizer(tokenizer, template, options);
        _options = options;
    }

    /// <summary>The account so far; final once the samples have been enumerated to their end.</summary>
    public DatasetStatistics Statistics { get; private set; } = new();

    public IReadOnlyList<DatasetProblem> Problems => _problems;

    /// <exception cref="InvalidDataException">A row is bad and the data set's options are strict, or a file cannot be read.</exception>
    public IEnumerable<TrainingSample> Read(IEnumerable<TrainingDataset> datasets) => datasets.SelectMany(Read);

    private IEnumerable<TrainingSample> Read(TrainingDataset dataset)
    {
        var report = new DatasetReport(dataset.Options);
        foreach (var raw in dataset.Read(report))
        {
            foreach (var sample in Fit(raw, report))
            {
                Statistics = Statistics.With(sample);
                yield return sample;
            }
        }
        Statistics = Statistics with
        {
            SkippedSamples = Statistics.SkippedSamples + report.SkippedCount,
            PartlyUsedSamples = Statistics.PartlyUsedSamples + report.PartlyUsedCount,
        };
        _problems.AddRange(report.Problems);
    }

    private IReadOnlyList<TrainingSample> Fit(RawSample raw, DatasetReport report)
    {
        try
        {
            var tokenized = _tokenizer.Tokenize(raw);
            var sample = tokenized.Sample;
            var parts = raw is TextSample ? Windows(sample) : Shorten(sample);
            if (parts.Count == 0)
                throw new DatasetRowException("there is no token to learn");
            report.AddLosses(raw.Source, [.. raw.Losses, .. tokenized.Losses]);
            Statistics = Statistics with
            {
                UnmaskedSampleCount = Statistics.UnmaskedSampleCount + (tokenized.IsUnmasked ? 1 : 0),
                ParsedSpecialTokens = Statistics.ParsedSpecialTokens + tokenized.SpecialTokens,
            };
            return parts;
        }
        catch (DatasetRowException exception)
        {
            report.Add(raw.Source, exception.Message);
            return [];
        }
    }

    private List<TrainingSample> Shorten(TrainingSample sample)
    {
        if (sample.Tokens.Length <= _options.ContextLength)
            return sample.TargetCount > 0 ? [sample] : [];
        switch (_options.Overlong)
        {
            case OverlongSamplePolicy.Truncate:
                var beginning = sample.Part(0, _options.ContextLength);
                if (beginning.TargetCount == 0)
                    throw new DatasetRowException($"nothing to learn is left of {sample.Tokens.Length} tokens when cut to {_options.ContextLength}");
                Statistics = Statistics with { TruncatedSamples = Statistics.TruncatedSamples + 1 };
                return [beginning];
            case OverlongSamplePolicy.Split:
                var parts = Windows(sample);
                if (parts.Count > 0)
                    Statistics = Statistics with { SplitSamples = Statistics.SplitSamples + 1 };
                return parts;
            default:
                throw new DatasetRowException($"the sample has {sample.Tokens.Length} tokens, the context {_options.ContextLength}");
        }
    }

    /// <summary>Parts that overlap by one token, so that each token but the first is predicted once; those without any target are no use.</summary>
    private List<TrainingSample> Windows(TrainingSample sample)
    {
        List<TrainingSample> parts = [];
        for (var start = 0; start < sample.Tokens.Length - 1; start += _options.ContextLength - 1)
        {
            var part = sample.Part(start, Math.Min(_options.ContextLength, sample.Tokens.Length - start));
            if (part.TargetCount > 0)
                parts.Add(part);
        }
        return parts;
    }
}
