namespace LoraBridge.Model;

/// <summary>The bytes of all tokens of a vocabulary, also in the order of those bytes, so that common beginnings are met once.</summary>
internal sealed class TokenPieces
{
    private readonly byte[][] _pieces;
    private readonly bool[] _isEnd;

    internal TokenPieces(Vocabulary vocabulary)
    {
        _pieces = new byte[vocabulary.Size][];
        _isEnd = new bool[vocabulary.Size];
        for (var token = 0; token < _pieces.Length; token++)
        {
            _pieces[token] = vocabulary.Piece(token);
            _isEnd[token] = vocabulary.IsEndOfGeneration(token);
        }
        Sorted = [.. Enumerable.Range(0, _pieces.Length).Where(token => _pieces[token].Length > 0 && !_isEnd[token])];
        Array.Sort(Sorted, (left, right) => _pieces[left].AsSpan().SequenceCompareTo(_pieces[right]));
        Shared = new int[Sorted.Length];
        for (var i = 1; i < Sorted.Length; i++)
            Shared[i] = _pieces[Sorted[i - 1]].AsSpan().CommonPrefixLength(_pieces[Sorted[i]]);
    }

    /// <summary>Number of tokens.</summary>
    internal int Count => _pieces.Length;

    /// <summary>Tokens that have bytes and do not end an answer, in the order of their bytes.</summary>
    internal int[] Sorted { get; }

    /// <summary>For each of <see cref="Sorted"/>, how many bytes it has in common with the one before.</summary>
    internal int[] Shared { get; }

    /// <summary>The bytes of a token; control tokens have none.</summary>
    internal byte[] this[int token] => _pieces[token];

    /// <summary>Whether the token ends an answer.</summary>
    internal bool IsEnd(int token) => _isEnd[token];
}
