using System.Runtime.InteropServices;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// One computation of a product C[row, n] = Σₖ A[row, k] B[k, n], which all threads of an operation take part in: packed panels of B that they share,
/// and how far each is. Rows of A may each have one of several matrices B.
/// </summary>
internal sealed class ProductRun
{
    private readonly ProductFormat _format;
    private readonly TensorPtr _left;
    private readonly RowGroups _groups;
    private readonly Func<int, PanelSource> _matrix;
    private readonly ProductPlan _plan;
    private readonly int[] _packed;
    private readonly int[] _multiplied;
    private readonly Memory<int> _memory;
    private readonly int _slotWords;

    /// <param name="format">The format of both factors.</param>
    /// <param name="left">A, made by <see cref="PackedRows"/>.</param>
    /// <param name="groups">Its rows.</param>
    /// <param name="matrix">The matrix that a group is multiplied by, by its number.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="depth">The inner dimension.</param>
    /// <param name="work">Who takes part.</param>
    public ProductRun(
        ProductFormat format, TensorPtr left, RowGroups groups, Func<int, PanelSource> matrix, int columns, int depth, WorkQueue work)
    {
        (_format, _left, _groups, _matrix) = (format, left, groups, matrix);
        var grain = matrix(0) is { AlongRows: true } source ? (int)Ggml.ggml_blck_size(source.Matrix.Type) : 1;
        _plan = new ProductPlan([.. groups.All.Select(group => group.Strips)], columns, depth, grain, work.Workers);
        _packed = new int[_plan.Units.Count];
        _multiplied = new int[_plan.Units.Count];
        _slotWords = _plan.Units.Max(unit => unit.Panels) * format.PanelWords;
        _memory = work.Memory.Words(checked(_plan.Slots * _slotWords));
    }

    /// <summary>Writes what a product is added to.</summary>
    /// <param name="rows">Some rows of C, by their numbers.</param>
    /// <param name="piece">Which columns.</param>
    /// <param name="sums">The rows, 256 columns apart.</param>
    public delegate void Start(ReadOnlySpan<int> rows, ProductPiece piece, Span<float> sums);

    /// <summary>Does this thread's part of the work.</summary>
    /// <param name="work">Hands it out.</param>
    /// <param name="result">C.</param>
    /// <param name="start">Called for each piece of C once.</param>
    public void Compute(WorkQueue work, TensorPtr result, Start start)
    {
        using var stage = new Scratch(ProductTile.StageSize);
        using var sums = new Scratch(_plan.Units.Max(unit => unit.MostStrips) * ProductTile.Rows * ProductTile.GroupColumns);
        using var alone = new Scratch(_plan.PacksAlone ? _format.PanelWords : 0);
        var own = MemoryMarshal.Cast<float, int>(alone.Floats);
        var round = 0;
        while (work.TryTake(_plan.Items, out var index))
        {
            var item = _plan.Find(index, ref round);
            var unit = _plan.Units[item.Unit];
            // Whoever fails has others not wait for it: the exception tells that the result is of no use.
            if (item.IsPacking)
            {
                WaitForProducts(item.Unit - _plan.Slots);
                try
                {
                    var (panelIndex, part) = Math.DivRem(item.Index, (unit.Width + _plan.PackColumns - 1) / _plan.PackColumns);
                    var column = part * _plan.PackColumns;
                    Pack(unit, panelIndex, unit.FirstColumn + column, Math.Min(_plan.PackColumns, unit.Width - column), PanelOf(item.Unit, panelIndex, column), stage.Floats);
                }
                finally
                {
                    Interlocked.Increment(ref _packed[item.Unit]);
                }
                continue;
            }

            WorkQueue.WaitFor(ref _packed[item.Unit], _plan.PacksOf(unit));
            if (unit.Section > 0)
                WaitForProducts(item.Unit - _plan.Across);
            try
            {
                Multiply(unit, item, result, sums.Floats, own, stage.Floats, start);
            }
            finally
            {
                Interlocked.Increment(ref _multiplied[item.Unit]);
            }
        }
    }

    /// <summary>Packs some columns of a panel of a unit.</summary>
    private void Pack(ProductUnit unit, int index, int column, int width, Panel panel, Span<float> stage) => _format.PackPanel(
        _matrix(_groups.All[unit.Group].Matrix), unit.FirstDepth + index * ProductTile.Depth, unit.Height(index), column, width, panel, stage);

    private void Multiply(ProductUnit unit, ProductItem item, TensorPtr result, Span<float> scratch, Span<int> own, Span<float> stage, Start start)
    {
        const int StripRows = ProductTile.Rows, Stride = ProductTile.GroupColumns;
        var (group, piece) = (_groups.All[unit.Group], unit.Piece(item.Index));
        var first = piece.FirstStrip * StripRows;
        Span<int> rows = stackalloc int[Math.Min(group.Rows, piece.EndStrip * StripRows) - first];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = _groups.Row(group, first + i);

        var sums = scratch[..(piece.Strips * StripRows * Stride)];
        // Sums that are not finished are kept in C.
        if (unit.Section == 0)
            start(rows, piece, sums);
        else
            for (var i = 0; i < rows.Length; i++)
                Target(rows[i], 1).CopyTo(sums[(i * Stride)..]);

        var stripStride = checked((int)_left.Ne(0));
        var (tiles, rest) = ((piece.Width + ProductTile.Columns - 1) / ProductTile.Columns, piece.Width % ProductTile.Columns);
        for (var index = 0; index < unit.Panels; index++)
        {
            var panel = _plan.PacksAlone ? Panel.Of(_format, own) : PanelOf(item.Unit, index, piece.FirstColumn - unit.FirstColumn);
            if (_plan.PacksAlone)
                Pack(unit, index, piece.FirstColumn, piece.Width, panel, stage);
            var at = (group.FirstStrip + piece.FirstStrip) * _left.Ne(0) + (unit.FirstDepth / ProductTile.Depth + index) * _format.StripWords;
            var strips = _left.HostSpan<int>(at, (piece.Strips - 1) * stripStride + _format.StripWords);
            var height = unit.Height(index);
            // From registers to where they stay: memory is written while the next tile is computed.
            if (index == unit.Panels - 1 && rest == 0 && _groups.AreTogether
                && _format.TryMultiplyTo(strips, stripStride, rows.Length, panel, height, tiles, sums, Target(rows[0], rows.Length), (int)result.Ne(0)))
                return;
            _format.Multiply(strips, stripStride, rows.Length, panel, height, tiles, sums);
        }
        for (var i = 0; i < rows.Length; i++)
            sums.Slice(i * Stride, piece.Width).CopyTo(Target(rows[i], 1));

        Span<float> Target(int row, int count) =>
            result.HostSpan<float>(row * result.Ne(0) + piece.FirstColumn, checked((int)((count - 1) * result.Ne(0))) + piece.Width);
    }

    /// <summary>A panel that threads share, from a column of its unit on.</summary>
    private Panel PanelOf(int unit, int index, int column) =>
        Panel.Of(_format, _memory.Span.Slice(unit % _plan.Slots * _slotWords + index * _format.PanelWords, _format.PanelWords))
            .From(column, _format.Words(_plan.Units[unit].Height(index)));

    private void WaitForProducts(int unit)
    {
        if (unit >= 0)
            WorkQueue.WaitFor(ref _multiplied[unit], _plan.Units[unit].Pieces);
    }
}
